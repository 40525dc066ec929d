import { BerthError } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { type DatabaseSnapshot, planUninstall } from '@berth/store';
import { type Command, defineCommand } from '../command.ts';
import { describeSpec } from '../render/describe.ts';
import { removePackages } from '../remove-packages.ts';
import { selectInstalled } from '../query/select-installed.ts';
import { openSession } from '../session.ts';

const command: Command = defineCommand({
  summary: 'remove installed packages',
  description: 'Refuses to remove what another installed package needs at run time, unless told otherwise.',
  arguments: [{ name: 'specs', summary: 'installed specs or /HASHes', variadic: true, specs: true }],
  options: {
    'yes-to-all': { short: 'y', summary: 'do not ask' },
    all: { short: 'a', summary: 'remove every package that matches; without specs, every package' },
    dependents: { short: 'R', summary: 'also remove what needs them' },
    force: { short: 'f', summary: 'remove them although other packages need them' },
  },
  examples: [
    { line: 'uninstall -y greet', does: 'remove one package' },
    { line: 'uninstall -y -R libgreet', does: 'remove a package and all that needs it' },
  ],
  json: '{ removed: [{ name, version, hash }] }',
  async run(context, { options, words }): Promise<{ readonly removed: readonly ConcreteSpec[] }> {
    const session = await openSession(context);
    const snapshot = await session.store.database.read(session.pipeline);
    if (words.length === 0 && !options.all) {
      throw new BerthError('usage', 'ERR_SPEC_MISSING', 'uninstall: no spec is given', {
        hint: 'Name installed specs; --all alone removes everything.',
      });
    }
    const named = selectInstalled(session, words, { all: options.all, snapshot }).map(({ hash }) => hash);
    const plan = planUninstall(snapshot, named, { withDependents: options.dependents });
    if (plan.dependents.length > 0 && !options.force) throw stillNeeded(plan.dependents, snapshot);
    const specs = plan.hashes.map((hash) => snapshot.spec(hash));
    return removePackages(specs, { session, context, force: options.force, ask: !options['yes-to-all'] });
  },
  text: ({ removed }) =>
    removed.map((spec) => `removed ${spec.name}@${spec.version.text}/${spec.hash.slice(0, 7)}\n`).join(''),
  document: ({ removed }) => ({ removed: removed.map(describeSpec) }),
});

export default command;

function stillNeeded(
  dependents: readonly { readonly hash: ConcreteSpec['hash'] }[],
  snapshot: DatabaseSnapshot,
): BerthError {
  const names = dependents
    .map(({ hash }) => snapshot.spec(hash))
    .map(({ name, hash }) => `${name}/${hash.slice(0, 7)}`);
  return new BerthError('busy', 'ERR_STILL_NEEDED', `uninstall: installed packages need them: ${names.join(', ')}`, {
    hint: 'Remove those too with --dependents, or go ahead with --force.',
    details: { dependents: dependents.map(({ hash }) => hash) },
  });
}
