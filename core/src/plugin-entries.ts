import { BerthError, errnoCode, ioError, isBerthError, messageOf } from '@berth/base';
import { resolve as resolveModule } from 'import-meta-resolve';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isDeepStrictEqual, types } from 'node:util';
import { configFileError, importFile, type PluginReference } from './config-file.ts';
import { type DiscoveryOptions, type ScopedConfig } from './discovery.ts';
import { refuseForeign } from './owner.ts';
import { type PluginEntry } from './plugin-load.ts';
import { type Plugin, type PluginManifest } from './plugin.ts';
import { requireTrust } from './trust/plugin-trust.ts';

/** A plugin that comes with the program: its manifest as data, so that start-up reads no files for it. */
export interface BuiltinPlugin {
  readonly name: string;
  readonly manifest: PluginManifest;
  readonly load: () => Promise<unknown>;
}

interface Mention {
  readonly reference: PluginReference;
  readonly options: unknown;
  readonly config: ScopedConfig;
}

/**
 * The plugins to use: the built-in ones (unless `builtins: false`), then those of each file. A file that names a built-in
 * plugin gives it options. The same plugin twice is one plugin if the options agree, else ERR_PLUGIN_CONFLICT.
 */
export function pluginEntries(configs: readonly ScopedConfig[], options: DiscoveryOptions): readonly PluginEntry[] {
  const builtins = configs.some(({ config }) => config.builtins === false) ? [] : options.builtins;
  const entries = new Map<string, PluginEntry>(builtins.map((builtin) => [builtin.name, builtinEntry(builtin)]));
  const configured = new Set<string>();
  for (const mention of configs.flatMap(mentionsOf)) {
    const known = options.builtins.find(({ name }) => name === mention.reference);
    const entry = known === undefined ? entryOf(mention, options) : builtinEntry(known, mention);
    const earlier = configured.has(entry.name) ? entries.get(entry.name) : undefined;
    if (earlier !== undefined && !isDeepStrictEqual(earlier.options, entry.options)) throw conflict(earlier, entry);
    configured.add(entry.name);
    if (earlier === undefined) entries.set(entry.name, entry);
  }
  return [...entries.values()];
}

function mentionsOf(config: ScopedConfig): readonly Mention[] {
  return (config.config.plugins ?? []).map((item) => {
    const [reference, options] = Array.isArray(item)
      ? (item as readonly [PluginReference, unknown])
      : [item as PluginReference, undefined];
    return { reference, options, config };
  });
}

function conflict(earlier: PluginEntry, later: PluginEntry): BerthError {
  return new BerthError(
    'config',
    'ERR_PLUGIN_CONFLICT',
    `plugin ${later.name}: ${earlier.origin} and ${later.origin} give it different options`,
    {
      hint: 'Configure it in one of the two files.',
      details: { plugin: later.name, files: [earlier.origin, later.origin] },
    },
  );
}

function builtinEntry(builtin: BuiltinPlugin, mention?: Mention): PluginEntry {
  return {
    name: builtin.name,
    origin: mention?.config.file ?? 'built in',
    options: mention?.options,
    packageJson: async () => ({ berthPlugin: builtin.manifest }),
    load: builtin.load,
  };
}

function entryOf(mention: Mention, options: DiscoveryOptions): PluginEntry {
  const { reference } = mention;
  if (typeof reference !== 'string') return objectEntry(reference, mention);
  if (/^\.{1,2}\/|^\//.test(reference))
    return fileEntry(resolve(dirname(mention.config.file), reference), mention, options);
  checkName(reference, mention.config.file);
  return packageEntry(reference, mention, options);
}

function objectEntry(plugin: Plugin, { options, config }: Mention): PluginEntry {
  return {
    name: plugin.name,
    origin: config.file,
    options,
    packageJson: async () => undefined,
    load: async () => plugin,
  };
}

function fileEntry(file: string, { options, config }: Mention, discovery: DiscoveryOptions): PluginEntry {
  return {
    name: file,
    origin: config.file,
    options,
    packageJson: async () => undefined,
    load: async () => {
      if (!(await isFile(file))) throw notFound(file, config.file, 'there is no such file');
      await refuseForeign(file, discovery);
      if (config.scope === 'project') await requireTrust(file, `plugin ${file}`, discovery);
      return importFile(file);
    },
  };
}

/** npm's rule for names, without sub-paths: `name` or `@scope/name` (hostile-inputs P10). */
const PACKAGE_NAME = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;

function checkName(name: string, file: string): void {
  if (PACKAGE_NAME.test(name)) return;
  throw configFileError(
    file,
    `plugins: ${JSON.stringify(name)} is neither a package name nor a path that begins with ./, ../ or /`,
  );
}

interface Located {
  readonly entryFile: string;
  readonly folder: string;
  /** Found from the file that names it, as opposed to among berth's own dependencies. */
  readonly brought: boolean;
  readonly packageJson: unknown;
}

function packageEntry(name: string, { options, config }: Mention, discovery: DiscoveryOptions): PluginEntry {
  let located: Promise<Located> | undefined;
  const locate = (): Promise<Located> => (located ??= locatePackage(name, config, discovery));
  return {
    name,
    origin: config.file,
    options,
    packageJson: async () => (await locate()).packageJson,
    load: async () => {
      const { entryFile, folder, brought } = await locate();
      // What a project brings along is a stranger's code until it is trusted (hostile-inputs Y16).
      if (config.scope === 'project' && brought) await requireTrust(folder, `plugin ${name}`, discovery);
      return importFile(entryFile);
    },
  };
}

/** From the file that names it, then from berth's own dependencies. */
async function locatePackage(name: string, { file }: ScopedConfig, discovery: DiscoveryOptions): Promise<Located> {
  const own = resolveEntry(name, pathToFileURL(file).href);
  const entryFile =
    own ?? discovery.resolveFrom.map((parent) => resolveEntry(name, parent)).find((found) => found !== undefined);
  if (entryFile === undefined) throw notFound(name, file, 'it is not installed');
  return { entryFile, brought: own !== undefined, ...(await packageOf(name, entryFile)) };
}

function resolveEntry(name: string, parent: string): string | undefined {
  try {
    return fileURLToPath(resolveModule(name, parent));
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw new BerthError(
      'plugin',
      'ERR_PLUGIN_LOAD',
      `plugin ${name}: its package.json names no entry: ${messageOf(error)}`,
      {
        hint: `Report this to the author of ${name}.`,
        details: { plugin: name },
        cause: error,
      },
    );
  }
}

/** The folder above the entry whose package.json has the plugin's name. */
async function packageOf(
  name: string,
  entryFile: string,
): Promise<{ readonly folder: string; readonly packageJson: unknown }> {
  for (let folder = dirname(entryFile); folder !== dirname(folder); folder = dirname(folder)) {
    const packageJson = await readJson(join(folder, 'package.json'));
    if (typeof packageJson === 'object' && packageJson !== null && 'name' in packageJson && packageJson.name === name) {
      return { folder, packageJson };
    }
  }
  throw new BerthError(
    'plugin',
    'ERR_PLUGIN_MANIFEST',
    `plugin ${name}: no package.json with this name above ${entryFile}`,
    {
      hint: `Install ${name} again.`,
      details: { plugin: name },
    },
  );
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw isBerthError(error) ? error : ioError(file, error);
  }
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'ENOTDIR') return false;
    throw ioError(file, error);
  }
}

function notFound(name: string, file: string, why: string): BerthError {
  return new BerthError('plugin', 'ERR_PLUGIN_NOT_FOUND', `plugin ${name}: named in ${file}: ${why}`, {
    hint: name.startsWith('/')
      ? `Correct the path in ${file}.`
      : `Run: npm install --prefix '${dirname(file)}' ${name}`,
    details: { plugin: name, file },
  });
}
