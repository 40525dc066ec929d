import { BerthError, type bytesSource, type isBerthError, z } from '@berth/base';
import { type objectStoreMirror } from '@berth/buildcache';
import { type BerthHooks, isHookName } from './hooks.ts';
import { describeIssues } from './issues.ts';

/** Raised when a hook or a contract changes so that a plugin written for the previous number may break. */
export const PLUGIN_API_VERSION = 1;

/** What a plugin's module has as its default export. */
export interface Plugin<Options = unknown> {
  /** The package name, or any name that no other plugin has. */
  readonly name: string;
  /** The `PLUGIN_API_VERSION` it was written for. */
  readonly apiVersion: number;
  /**
   * Checks and completes the options of the configuration: a zod schema, or for a plugin that is a single file a function
   * that makes one with the tools it is given. A plugin without it takes no options.
   */
  readonly options?: OptionsSchema<Options> | ((tools: PluginTools) => OptionsSchema<Options>);
  /** Taps hooks, at once, and does nothing else: no I/O, no waiting, no global changes. */
  apply(berth: BerthPluginHost, options: Options): void;
}

/** The part of a zod schema that berth calls, so that a plugin may bring its own copy of zod 4. */
export interface OptionsSchema<Options> {
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: Options } | { readonly success: false; readonly error: unknown };
}

/** What `apply` is given. Frozen. */
export interface BerthPluginHost {
  readonly apiVersion: number;
  readonly hooks: BerthHooks;
  /** The same functions as a plugin imports from `@berth/core`, for a plugin that is a single file with nothing installed beside it. */
  readonly tools: PluginTools;
}

export interface PluginTools {
  readonly z: typeof z;
  readonly BerthError: typeof BerthError;
  readonly isBerthError: typeof isBerthError;
  readonly bytesSource: typeof bytesSource;
  readonly objectStoreMirror: typeof objectStoreMirror;
}

/** `package.json#berthPlugin`: which hooks the plugin taps, known without importing it. */
export interface PluginManifest {
  readonly apiVersion: number;
  /** `mirror:<scheme>`, `install.plan`, `event`, … A manifest of another API version may name hooks that are not known here. */
  readonly provides: readonly string[];
}

const manifestSchema: z.ZodType<PluginManifest> = z.strictObject({
  apiVersion: z.int(),
  provides: z.array(z.string()).min(1),
});

/**
 * The manifest in a plugin's `package.json`, or `undefined` when it has none. Throws ERR_PLUGIN_MANIFEST for a wrong one;
 * one of another API version is returned, so that only operations that need its hooks fail.
 */
export function parsePluginManifest(plugin: string, packageJson: unknown): PluginManifest | undefined {
  const hasOne = typeof packageJson === 'object' && packageJson !== null && 'berthPlugin' in packageJson;
  if (!hasOne) return undefined;
  const parsed = manifestSchema.safeParse(packageJson.berthPlugin);
  if (!parsed.success) throw manifestError(plugin, describeIssues(parsed.error));
  const unknown = parsed.data.provides.find((name) => !isHookName(name));
  if (unknown !== undefined && parsed.data.apiVersion === PLUGIN_API_VERSION) {
    throw manifestError(plugin, `there is no hook ${JSON.stringify(unknown)}`);
  }
  return parsed.data;
}

function manifestError(plugin: string, why: string): BerthError {
  return new BerthError('plugin', 'ERR_PLUGIN_MANIFEST', `plugin ${plugin}: berthPlugin in its package.json: ${why}`, {
    hint: 'Update the plugin, or remove it from the configuration.',
    details: { plugin },
  });
}

/** Throws ERR_PLUGIN_API_VERSION unless `found` is the API version of this berth. */
export function checkApiVersion(plugin: string, found: unknown): void {
  if (found === PLUGIN_API_VERSION) return;
  const newer = typeof found === 'number' && found > PLUGIN_API_VERSION;
  throw new BerthError(
    'plugin',
    'ERR_PLUGIN_API_VERSION',
    `plugin ${plugin}: made for plugin API ${String(found)}: this berth has ${PLUGIN_API_VERSION}`,
    {
      hint: newer
        ? 'Update berth, or install an older version of the plugin.'
        : 'Install a newer version of the plugin.',
      details: { plugin, found, expected: PLUGIN_API_VERSION },
    },
  );
}
