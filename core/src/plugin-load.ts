import { BerthError, errnoCode, isBerthError, messageOf } from '@berth/base';
import { types } from 'node:util';
import {
  checkApiVersion,
  type OptionsSchema,
  parsePluginManifest,
  type Plugin,
  type PluginManifest,
  type PluginTools,
} from './plugin.ts';
import { describeIssues } from './issues.ts';

/** A plugin that is to be used, not imported yet. Discovery makes them; a program may make its own. */
export interface PluginEntry {
  /** As the configuration names it; unique. */
  readonly name: string;
  /** The file that names it, or `built in`. */
  readonly origin: string;
  /** As written; `undefined` when none were given. */
  readonly options: unknown;
  /** Its `package.json`'s value, `undefined` when it has none: then it is imported for every hook. */
  readonly packageJson: () => Promise<unknown>;
  /** Imports it: the module's namespace. */
  readonly load: () => Promise<unknown>;
}

/** The declared hooks; `undefined` when the plugin declares none and may therefore tap any. */
export async function readManifest(entry: PluginEntry): Promise<PluginManifest | undefined> {
  try {
    return parsePluginManifest(entry.name, await entry.packageJson());
  } catch (cause) {
    throw loadError(entry, cause);
  }
}

/** Imports the plugin and checks what can be checked without running it. Every failure is a BerthError that names it. */
export async function importPlugin(entry: PluginEntry, manifest: PluginManifest | undefined): Promise<Plugin> {
  if (manifest !== undefined) checkApiVersion(entry.name, manifest.apiVersion);
  const plugin = defaultExport(await importModule(entry));
  if (!isPlugin(plugin)) throw shapeError(entry);
  checkApiVersion(entry.name, plugin.apiVersion);
  return plugin;
}

/** The configured options, checked and completed by the plugin's own schema. */
export function parseOptions(entry: PluginEntry, plugin: Plugin, tools: PluginTools): unknown {
  if (plugin.options === undefined) {
    if (entry.options === undefined) return undefined;
    throw optionsError(entry, 'it takes no options');
  }
  const parsed = validate(entry, plugin.options, tools);
  if (!parsed.success) throw optionsError(entry, describeIssues(parsed.error), parsed.error);
  const { data } = parsed;
  return typeof data === 'object' && data !== null ? Object.freeze(data) : data;
}

function validate(
  entry: PluginEntry,
  options: NonNullable<Plugin['options']>,
  tools: PluginTools,
): ReturnType<OptionsSchema<unknown>['safeParse']> {
  try {
    const schema = typeof options === 'function' ? options(tools) : options;
    return schema.safeParse(entry.options ?? {});
  } catch (cause) {
    throw loadError(entry, cause);
  }
}

async function importModule(entry: PluginEntry): Promise<unknown> {
  try {
    return await entry.load();
  } catch (cause) {
    throw loadError(entry, cause);
  }
}

/** A module compiled from TypeScript to CommonJS arrives with its default export one level deeper. */
function defaultExport(module: unknown): unknown {
  let value = module;
  for (let depth = 0; depth < 2 && hasDefault(value) && !isPlugin(value); depth += 1) value = value.default;
  return value;
}

function hasDefault(value: unknown): value is { readonly default: unknown } {
  return typeof value === 'object' && value !== null && 'default' in value;
}

function isPlugin(value: unknown): value is Plugin {
  if (typeof value !== 'object' || value === null) return false;
  const { name, apply, options, apiVersion } = value as Record<string, unknown>;
  const hasSchema =
    options === undefined ||
    typeof options === 'function' ||
    (typeof options === 'object' && options !== null && 'safeParse' in options);
  return (
    typeof name === 'string' && name !== '' && apiVersion !== undefined && typeof apply === 'function' && hasSchema
  );
}

/** A BerthError as it is; anything else that stopped the plugin from loading as ERR_PLUGIN_LOAD or ERR_PLUGIN_DEPENDENCY. */
export function loadError(entry: PluginEntry, cause: unknown): BerthError {
  if (isBerthError(cause)) return cause;
  const details = { plugin: entry.name, origin: entry.origin };
  if (isModuleNotFound(cause)) {
    return new BerthError(
      'plugin',
      'ERR_PLUGIN_DEPENDENCY',
      `plugin ${entry.name}: a module that it needs is missing: ${firstLine(cause)}`,
      {
        hint: `Install ${entry.name} again, with its dependencies.`,
        details,
        cause,
      },
    );
  }
  const name = types.isNativeError(cause) && cause.name !== 'Error' ? `${cause.name}: ` : '';
  return new BerthError(
    'plugin',
    'ERR_PLUGIN_LOAD',
    `plugin ${entry.name}: failed to load: ${name}${firstLine(cause)}`,
    {
      hint: `Repair the plugin, or remove it from ${entry.origin}.`,
      details,
      cause,
    },
  );
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n')[0] ?? '';
}

function isModuleNotFound(error: unknown): boolean {
  if (!types.isNativeError(error) || !('code' in error)) return false;
  return error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND' || errnoCode(error) === 'ENOENT';
}

function shapeError(entry: PluginEntry): BerthError {
  return new BerthError(
    'plugin',
    'ERR_PLUGIN_SHAPE',
    `plugin ${entry.name}: its default export is not { name, apiVersion, apply }`,
    {
      hint: `Report this to the author of ${entry.name}, or remove it from ${entry.origin}.`,
      details: { plugin: entry.name, origin: entry.origin },
    },
  );
}

function optionsError(entry: PluginEntry, why: string, cause?: unknown): BerthError {
  return new BerthError('config', 'ERR_PLUGIN_OPTIONS', `${entry.origin}: options of plugin ${entry.name}: ${why}`, {
    hint: `Correct the options in ${entry.origin}.`,
    details: { plugin: entry.name, origin: entry.origin },
    cause,
  });
}
