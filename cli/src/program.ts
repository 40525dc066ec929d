import { type Command, type OptionSpec, type OptionSpecs } from './command.ts';

const quiet: OptionSpec = { short: 'q', summary: 'no progress, only warnings and errors' };
const debug: OptionSpec = { short: 'd', summary: 'also say what is read and written, and where an error comes from' };
const color: OptionSpec = {
  value: 'when',
  choices: ['always', 'never', 'auto'],
  summary: 'colours: always, never, or auto (the default)',
};
const help: OptionSpec = { short: 'h', summary: 'print this help' };

/** The options that stand before the command (cli §2). */
export const GLOBAL_OPTIONS: OptionSpecs = {
  env: { short: 'e', value: 'name|dir', excludes: ['env-dir', 'no-env'], summary: 'use this environment' },
  'env-dir': { short: 'D', value: 'dir', excludes: ['no-env'], summary: 'use the environment in this folder' },
  'no-env': { short: 'E', summary: 'use no environment' },
  'config-scope': {
    short: 'C',
    value: 'dir',
    repeatable: true,
    summary: 'read this folder as one more configuration scope',
  },
  config: { short: 'c', value: 'path:value', repeatable: true, summary: 'set one configuration value for this run' },
  verbose: { short: 'v', summary: 'also say why berth decides as it does' },
  quiet,
  debug,
  color,
  version: { short: 'V', summary: 'print the version' },
  help,
};

/** The options that every command understands beside its own, which come first. */
export const COMMON_OPTIONS: OptionSpecs = {
  json: { summary: 'print the result as JSON' },
  // Long names only: the letters belong to the commands.
  quiet: { summary: quiet.summary },
  debug: { summary: debug.summary },
  color,
  help,
};

/** A command as the program knows it before loading it. */
export interface CommandEntry {
  /** `install`, or `plugin trust`. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  readonly group: 'packages' | 'build caches' | 'configuration' | 'environments' | 'plugins';
  readonly load: () => Promise<{ readonly default: Command }>;
}

/** Every command. Bodies are imported when they are called: a start pays for the parser only. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'install',
    summary: 'install packages from build caches',
    group: 'packages',
    load: () => import('./commands/install.ts'),
  },
  {
    name: 'find',
    summary: 'list installed packages',
    group: 'packages',
    load: () => import('./commands/find.ts'),
  },
  {
    name: 'spec',
    summary: 'show a concrete spec with everything it depends on',
    group: 'packages',
    load: () => import('./commands/spec.ts'),
  },
  {
    name: 'dependencies',
    summary: 'list what an installed package depends on',
    group: 'packages',
    load: () => import('./commands/dependencies.ts'),
  },
  {
    name: 'dependents',
    summary: 'list the installed packages that depend on one',
    group: 'packages',
    load: () => import('./commands/dependents.ts'),
  },
  {
    name: 'mark',
    summary: 'record that packages were asked for, or that they were not',
    group: 'packages',
    load: () => import('./commands/mark.ts'),
  },
  {
    name: 'location',
    summary: 'print where a package, the environment or Spack is',
    group: 'packages',
    load: () => import('./commands/location.ts'),
  },
  {
    name: 'uninstall',
    summary: 'remove installed packages',
    group: 'packages',
    load: () => import('./commands/uninstall.ts'),
  },
  {
    name: 'gc',
    summary: 'remove what no explicitly installed package needs',
    group: 'packages',
    load: () => import('./commands/gc.ts'),
  },
  {
    name: 'verify manifest',
    summary: 'compare installed files with what was installed',
    group: 'packages',
    load: () => import('./commands/verify/manifest.ts'),
  },
  {
    name: 'reindex',
    summary: 'rebuild the database from what is on disk',
    group: 'packages',
    load: () => import('./commands/reindex.ts'),
  },
  {
    name: 'buildcache push',
    aliases: ['buildcache create'],
    summary: 'push installed packages to a mirror',
    group: 'build caches',
    load: () => import('./commands/buildcache/push.ts'),
  },
  {
    name: 'buildcache list',
    summary: 'list the packages that the mirrors have binaries of',
    group: 'build caches',
    load: () => import('./commands/buildcache/list.ts'),
  },
  {
    name: 'buildcache install',
    summary: 'install binaries that the mirrors list, and what they need',
    group: 'build caches',
    load: () => import('./commands/buildcache/install.ts'),
  },
  {
    name: 'buildcache check',
    summary: 'say what would have to be built because a mirror lacks it',
    group: 'build caches',
    load: () => import('./commands/buildcache/check.ts'),
  },
  {
    name: 'buildcache update-index',
    aliases: ['buildcache rebuild-index'],
    summary: 'rebuild the index of a mirror from the packages it has',
    group: 'build caches',
    load: () => import('./commands/buildcache/update-index.ts'),
  },
  {
    name: 'buildcache sync',
    summary: 'copy packages from one mirror to another',
    group: 'build caches',
    load: () => import('./commands/buildcache/sync.ts'),
  },
  {
    name: 'buildcache prune',
    summary: 'remove from a mirror what nothing needs',
    group: 'build caches',
    load: () => import('./commands/buildcache/prune.ts'),
  },
  {
    name: 'buildcache save-specfile',
    summary: 'write the spec files of packages of a graph',
    group: 'build caches',
    load: () => import('./commands/buildcache/save-specfile.ts'),
  },
  {
    name: 'clean',
    summary: 'remove what is kept to save time: downloads and indexes',
    group: 'build caches',
    load: () => import('./commands/clean.ts'),
  },
  {
    name: 'mirror add',
    summary: 'add a mirror to the configuration',
    group: 'build caches',
    load: () => import('./commands/mirror/add.ts'),
  },
  {
    name: 'mirror set',
    summary: 'change a mirror of the configuration',
    group: 'build caches',
    load: () => import('./commands/mirror/set.ts'),
  },
  {
    name: 'mirror set-url',
    summary: 'change the address of a mirror',
    group: 'build caches',
    load: () => import('./commands/mirror/set-url.ts'),
  },
  {
    name: 'mirror remove',
    aliases: ['mirror rm'],
    summary: 'remove a mirror from the configuration',
    group: 'build caches',
    load: () => import('./commands/mirror/remove.ts'),
  },
  {
    name: 'mirror list',
    aliases: ['mirror ls'],
    summary: 'list the configured mirrors in the order in which they are asked',
    group: 'build caches',
    load: () => import('./commands/mirror/list.ts'),
  },
  {
    name: 'config get',
    summary: 'print configuration, merged from all scopes',
    group: 'configuration',
    load: () => import('./commands/config/get.ts'),
  },
  {
    name: 'config blame',
    summary: 'print a section with the file and line of every setting',
    group: 'configuration',
    load: () => import('./commands/config/blame.ts'),
  },
  {
    name: 'config list',
    summary: 'list the sections of the configuration',
    group: 'configuration',
    load: () => import('./commands/config/list.ts'),
  },
  {
    name: 'config scopes',
    summary: 'list the configuration scopes, the strongest first',
    group: 'configuration',
    load: () => import('./commands/config/scopes.ts'),
  },
  {
    name: 'config add',
    summary: 'add a setting to a configuration file',
    group: 'configuration',
    load: () => import('./commands/config/add.ts'),
  },
  {
    name: 'config remove',
    aliases: ['config rm'],
    summary: 'remove a setting from a configuration file',
    group: 'configuration',
    load: () => import('./commands/config/remove.ts'),
  },
  {
    name: 'plugin list',
    aliases: ['plugin ls'],
    summary: 'list the plugins that are used, and the hooks they provide',
    group: 'plugins',
    load: () => import('./commands/plugin/list.ts'),
  },
  {
    name: 'plugin trust',
    summary: 'let code of a project run: a plugin or a configuration file',
    group: 'plugins',
    load: () => import('./commands/plugin/trust.ts'),
  },
];
