import { type ConcreteSpec, type DagHash, satisfies } from '@berth/spec';
import { type DatabaseSnapshot, findGarbage } from '@berth/store';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../command.ts';
import { describeSpec } from '../render/describe.ts';
import { removePackages } from '../remove-packages.ts';
import { openSession, type Session } from '../session.ts';

const options = {
  'keep-build-dependencies': { short: 'b', summary: 'also keep what was needed to build what stays' },
  'yes-to-all': { short: 'y', summary: 'do not ask' },
} as const satisfies OptionSpecs;

const command: Command = defineCommand({
  summary: 'remove what no explicitly installed package needs',
  description:
    'Keeps the packages that somebody asked for and what they need at run time. Within an environment, only its own packages may go, and its roots stay.',
  arguments: [{ name: 'constraint', summary: 'consider only what matches', variadic: true, specs: true }],
  options,
  examples: [
    { line: 'gc -y', does: 'remove everything that nothing needs' },
    { line: 'gc -y -b', does: 'the same, but keep build dependencies' },
  ],
  json: '{ removed: [{ name, version, hash }] }',
  async run(context, input): Promise<{ readonly removed: readonly ConcreteSpec[] }> {
    const session = await openSession(context);
    const snapshot = await session.store.database.read(session.pipeline);
    const specs = garbage(session, input, snapshot);
    return removePackages(specs, { session, context, force: false, ask: !input.options['yes-to-all'] });
  },
  text: ({ removed }) => {
    if (removed.length === 0) return 'there is nothing to remove\n';
    return removed.map((spec) => `removed ${spec.name}@${spec.version.text}/${spec.hash.slice(0, 7)}\n`).join('');
  },
  document: ({ removed }) => ({ removed: removed.map(describeSpec) }),
});

export default command;

/** Within an environment: everything outside it stays, and so do its roots (store-and-specs-on-disk D.9). */
function garbage(
  { environment, parse }: Session,
  { options: values, words }: CommandInput<typeof options>,
  snapshot: DatabaseSnapshot,
): readonly ConcreteSpec[] {
  const queries = parse(words);
  const matches = (hash: DagHash): boolean =>
    queries.length === 0 || queries.some((query) => satisfies(snapshot.spec(hash), query));
  const outside = (hash: DagHash): boolean => environment !== undefined && !environment.specs.has(hash);
  const kept = environment?.roots.map(({ hash }) => hash) ?? [];
  const roots = [...snapshot.records('local')]
    .filter(({ hash, explicit }) => outside(hash) || (environment === undefined && explicit))
    .map(({ hash }) => hash);
  const hashes = findGarbage(snapshot, {
    roots: [...roots, ...kept],
    keepBuildDependencies: values['keep-build-dependencies'],
    candidate: ({ hash }) => matches(hash) && !outside(hash),
  });
  return hashes.map((hash) => snapshot.spec(hash));
}
