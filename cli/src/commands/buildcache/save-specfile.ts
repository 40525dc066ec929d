import { BerthError, ioError, writeFileAtomic } from '@berth/base';
import { type ConcreteSpec, formatSpec, formatSpecText, satisfies, type Spec, traverse } from '@berth/spec';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../../command.ts';
import { describeSpec } from '../../render/describe.ts';
import { openSession, resolveWords, withBinaryMirrors } from '../../session.ts';

interface SavedSpec {
  readonly spec: ConcreteSpec;
  readonly path: string;
}

const options = {
  'root-spec': { value: 'spec', summary: 'the spec in whose graph to look: words, a /HASH or a spec file (required)' },
  specs: {
    short: 's',
    value: 'specs',
    repeatable: true,
    summary: 'which packages of the graph to save, separated by spaces (required)',
  },
  'specfile-dir': { value: 'dir', summary: 'the folder to write to; it must exist (required)' },
} as const satisfies OptionSpecs;

type Values = CommandInput<typeof options>['options'];

const command: Command = defineCommand({
  summary: 'write the spec files of packages of a graph',
  description: 'Writes DIR/NAME.json for each package of the root spec that matches. No mirror is changed.',
  arguments: [],
  options,
  examples: [
    {
      line: "buildcache save-specfile --root-spec greet --specs 'libgreet gcc-runtime' --specfile-dir specs",
      does: 'write specs/libgreet.json and specs/gcc-runtime.json',
    },
  ],
  json: '{ files: [{ name, version, hash, path }] }',
  async run(context, { options: values }): Promise<readonly SavedSpec[]> {
    const rootWords = required(values['root-spec'], 'root-spec');
    const folder = resolve(context.cwd(), required(values['specfile-dir'], 'specfile-dir'));
    const session = await openSession(context);
    const queries = session.parse(namesOf(values));
    await requireFolder(folder);
    const roots = await withBinaryMirrors(session, (mirrors) => resolveWords(session, [rootWords], mirrors));
    const chosen = roots.flatMap((root) => chooseSpecs(root, queries));
    const files = chosen.map((spec) => ({ spec, path: join(folder, `${spec.name}.json`) }));
    for (const { spec, path } of files) await writeSpecFile(path, spec);
    return files;
  },
  text: (files) => files.map(({ path }) => `${path}\n`).join(''),
  document: (files) => ({ files: files.map(({ spec, path }) => ({ ...describeSpec(spec), path })) }),
});

export default command;

function required(value: string | undefined, name: string): string {
  if (value !== undefined && value !== '') return value;
  throw new BerthError('usage', 'ERR_OPTION_MISSING', `buildcache save-specfile: --${name} is missing`, {
    hint: 'It needs --root-spec, --specs and --specfile-dir.',
  });
}

function namesOf({ specs }: Values): readonly string[] {
  const names = specs.flatMap((text) => text.split(/\s+/)).filter((text) => text !== '');
  required(names[0], 'specs');
  return names;
}

async function requireFolder(folder: string): Promise<void> {
  try {
    if ((await stat(folder)).isDirectory()) return;
  } catch (error) {
    throw ioError(folder, error);
  }
  throw new BerthError('io', 'ERR_IO', `${folder}: not a folder`);
}

/** Throws `usage`: ERR_NO_MATCH where nothing matches, ERR_SEVERAL_MATCH where two would be written to one file. */
function chooseSpecs(root: ConcreteSpec, queries: readonly Spec[]): readonly ConcreteSpec[] {
  const nodes = traverse([root]);
  const chosen = new Set(queries.flatMap((query) => matching(nodes, query, root)));
  const byName = new Map<string, ConcreteSpec>();
  for (const spec of chosen) {
    const other = byName.get(spec.name);
    if (other !== undefined) throw sameFile(spec, other);
    byName.set(spec.name, spec);
  }
  return [...chosen];
}

function matching(nodes: readonly ConcreteSpec[], query: Spec, root: ConcreteSpec): readonly ConcreteSpec[] {
  const found = nodes.filter((spec) => satisfies(spec, query));
  if (found.length > 0) return found;
  throw new BerthError('usage', 'ERR_NO_MATCH', `${formatSpec(query)}: no package of ${root.name} matches`, {
    hint: 'Nothing was written. Name packages of its graph with --specs.',
  });
}

function sameFile(a: ConcreteSpec, b: ConcreteSpec): BerthError {
  const hashes = [b.hash, a.hash];
  return new BerthError('usage', 'ERR_SEVERAL_MATCH', `${a.name}: both /${hashes.join(' and /')} match`, {
    hint: 'Nothing was written. Say which one, by version or hash.',
    details: { candidates: hashes },
  });
}

async function writeSpecFile(path: string, spec: ConcreteSpec): Promise<void> {
  try {
    await writeFileAtomic(path, formatSpecText(spec));
  } catch (error) {
    throw ioError(path, error);
  }
}
