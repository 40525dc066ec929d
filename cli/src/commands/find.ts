import { BerthError } from '@berth/base';
import { formatSpec, type Spec } from '@berth/spec';
import { UsageError } from '../arguments/usage-error.ts';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../command.ts';
import { type CommandContext } from '../context.ts';
import { environmentRoots } from '../query/environment-roots.ts';
import { type FindQuery, findSpecs } from '../query/find.ts';
import { installedQuery } from '../query/installed-query.ts';
import { type FindResult, formatFindResult, shownSpecs } from '../render/find.ts';
import { formatNodes } from '../render/nodes.ts';
import { type SpecLineOptions } from '../render/spec-entry.ts';
import { openStoreSession, type StoreSession } from '../store-session.ts';

const options = {
  long: { short: 'l', summary: 'show the first characters of hashes' },
  'very-long': { short: 'L', summary: 'show whole hashes' },
  namespaces: { short: 'N', summary: 'show namespaces' },
  variants: { short: 'v', summary: 'show variants' },
  'show-flags': { short: 'f', summary: 'show compiler flags' },
  deps: { short: 'd', summary: 'show the dependencies of each spec below it' },
  paths: { short: 'p', summary: 'show where each package is installed' },
  'install-status': { short: 'I', summary: 'show whether each package is installed' },
  json: {
    excludes: ['format', 'hashes'],
    summary: 'print the nodes of the specs, as they are on record, as a JSON array',
  },
  format: { value: 'format', excludes: ['hashes'], summary: "print each spec so, e.g. '{name}{@version}{/hash:7}'" },
  hashes: { short: 'H', summary: "the same as --format '{/hash}'" },
  groups: { excludes: ['no-groups'], summary: 'group by architecture and compilers (default)' },
  'no-groups': { summary: 'one list' },
  explicit: { short: 'x', excludes: ['implicit'], summary: 'only what was asked for' },
  implicit: { short: 'X', summary: 'only what was installed as a dependency' },
  external: { short: 'e', summary: 'only externals' },
  missing: { short: 'm', summary: 'also what is on record but not installed' },
  'only-missing': {
    short: 'M',
    excludes: ['only-deprecated', 'missing', 'deprecated'],
    summary: 'only what is on record but not installed',
  },
  deprecated: { summary: 'also what was deprecated' },
  'only-deprecated': { excludes: ['missing', 'deprecated'], summary: 'only what was deprecated' },
  loaded: { summary: 'only what is loaded in this shell' },
  'start-date': { value: 'date', summary: 'only what was installed since: YYYY-MM-DD, "3 days ago"' },
  'end-date': { value: 'date', summary: 'only what was installed until' },
  'show-concretized': { short: 'c', summary: 'also what the environment has locked but is not installed' },
  'only-roots': { short: 'r', summary: 'only the roots of the environment' },
  'install-tree': { value: 'tree', summary: 'all (default), local, upstream, the name of an upstream, or a folder' },
  'specfile-format': { summary: 'show in which format each spec was written' },
} as const satisfies OptionSpecs;

type Input = CommandInput<typeof options>;

const SHORT_HASH = 7;
const WHOLE_HASH = 32;

const command: Command = defineCommand({
  summary: 'list installed packages',
  description:
    'In an environment, lists its roots and what is installed of it. What nothing installed matches is an error.',
  arguments: [{ name: 'specs', summary: 'list only what matches one of these', variadic: true, specs: true }],
  options,
  examples: [
    { line: 'find', does: 'everything that is installed' },
    { line: 'find -lv greet', does: 'every greet, with hashes and variants' },
    { line: "find --format '{name} {prefix}' ^libgreet", does: 'what depends on libgreet, and where it is' },
    { line: 'find --json -x', does: 'what was asked for, for programs' },
  ],
  json: '[{ name, version, arch, namespace, parameters, external?, package_hash, dependencies?, annotations, hash }]',
  async run(context, input): Promise<FindResult> {
    const session = await openStoreSession(context);
    checkOptions(session, input);
    const snapshot = await session.store.database.read(session);
    const constraints = session.parse(input.words);
    const found = findSpecs(session, snapshot, queryOf(constraints, input, context));
    const result = { ...found, snapshot, environment: shownEnvironment(session, context), show: shownOf(input) };
    if (constraints.length > 0 && shownSpecs(result).length === 0) throw noMatch(constraints, session);
    return result;
  },
  text: formatFindResult,
  document: (result): unknown => JSON.parse(formatNodes(result)),
  documentText: formatNodes,
});

export default command;

function checkOptions({ environment }: StoreSession, { options: values }: Input): void {
  for (const name of ['show-concretized', 'only-roots'] as const) {
    if (!values[name] || environment !== undefined) continue;
    throw new UsageError(`find --${name}: no environment is active`, 'Give one: berth -e DIR find.');
  }
}

function shownEnvironment(session: StoreSession, { facts }: CommandContext): FindResult['environment'] {
  const { environment, configuration } = session;
  if (environment === undefined) return undefined;
  const name = configuration.environment?.displayName ?? environment.directory;
  return { name, roots: environmentRoots(environment, session, facts) };
}

function queryOf(constraints: readonly Spec[], { options: values }: Input, { facts }: CommandContext): FindQuery {
  return {
    constraints,
    records: installedQuery(values, {
      loadedHashes: facts.env['SPACK_LOADED_HASHES'],
      nowSeconds: Date.now() / 1000,
    }),
    externalOnly: values.external,
    installTree: values['install-tree'] ?? 'all',
  };
}

function shownOf({ options: values }: Input): FindResult['show'] {
  const format = values.hashes ? '{/hash}' : values.format;
  const hashLength = values.long ? SHORT_HASH : 0;
  const line: SpecLineOptions = {
    hashLength: values['very-long'] ? WHOLE_HASH : hashLength,
    namespaces: values.namespaces,
    variants: values.variants,
    flags: values['show-flags'],
    specfileFormat: values['specfile-format'],
    format,
    status: values['install-status'] || values['show-concretized'],
    paths: values.paths,
    dependencies: values.deps,
  };
  return {
    line,
    groups: !values['no-groups'] && format === undefined,
    pending: values['show-concretized'],
    onlyRoots: values['only-roots'],
  };
}

function noMatch(constraints: readonly Spec[], { environment }: StoreSession): BerthError {
  const wanted = constraints.map(formatSpec).join(' ');
  const where = environment === undefined ? 'no installed package' : 'no package of the environment';
  return new BerthError('notfound', 'ERR_NOT_INSTALLED', `find ${wanted}: ${where} matches`, {
    hint:
      environment === undefined
        ? 'berth find lists what is installed; berth find -m also what is only on record.'
        : 'berth -E find looks outside of the environment.',
  });
}
