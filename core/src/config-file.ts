import { BerthError, DEFAULT_LIMITS, ioError, isBerthError, messageOf, parseStrictJson, z } from '@berth/base';
import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Plugin } from './plugin.ts';
import { describeIssues } from './issues.ts';

/** A plugin as a configuration file lists it: a package name, a path beginning with `.` or `/`, or (in code) the plugin itself. */
export type PluginReference = string | Plugin;

/** The whole of berth's own configuration. What Spack has a place for stays in Spack's files. */
export interface BerthConfig {
  /** Plugins in the order of their taps, each with its options. */
  readonly plugins?: readonly (PluginReference | readonly [PluginReference, Readonly<Record<string, unknown>>])[];
  /** `false` leaves out the plugins that come with berth. */
  readonly builtins?: boolean;
  /** What Spack's `mirrors` section has no key for, by mirror name. */
  readonly mirrors?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** How long one tap may take. Seconds; 600 by default. */
  readonly hookTimeoutSeconds?: number;
}

const reference: z.ZodType<PluginReference> = z.union([
  z.string().min(1),
  z.custom<Plugin>(
    (value) => typeof value === 'object' && value !== null && 'apply' in value,
    'neither a name nor a plugin',
  ),
]);
const settings: z.ZodType<Readonly<Record<string, unknown>>> = z.record(z.string(), z.unknown());
const configSchema: z.ZodType<BerthConfig> = z.strictObject({
  plugins: z.array(z.union([reference, z.tuple([reference, settings])])).exactOptional(),
  builtins: z.boolean().exactOptional(),
  mirrors: z.record(z.string(), settings).exactOptional(),
  hookTimeoutSeconds: z.number().positive().max(86_400).exactOptional(),
});

/** Extensions whose files are programs: reading one runs it. */
const CODE_EXTENSIONS: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts']);

/** True for a file that can only be read by running it. */
export function isCode(file: string): boolean {
  return CODE_EXTENSIONS.has(extname(file));
}

/**
 * Reads one file; `undefined` when it holds no configuration: a `package.json` without the key `berth`, or an empty file.
 * Code is run: the caller has asked for trust first. Rejects with ERR_CONFIG naming the file.
 */
export async function readConfigFile(file: string): Promise<BerthConfig | undefined> {
  const value = isCode(file) ? await runConfig(file) : await parseData(file);
  if (value === undefined || value === null) return undefined;
  checkNodes(file, value);
  const parsed = configSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw configFileError(file, describeIssues(parsed.error), parsed.error);
}

/** The default export of a program, TypeScript or JavaScript. */
export async function importFile(file: string): Promise<unknown> {
  if (!extname(file).endsWith('ts')) return import(pathToFileURL(file).href);
  const { createJiti } = await import('jiti');
  // Its cache would lie in a folder that other users can write.
  return createJiti(pathToFileURL(file).href, { fsCache: false }).import(file);
}

async function runConfig(file: string): Promise<unknown> {
  let module: unknown;
  try {
    module = await importFile(file);
  } catch (cause) {
    throw configFileError(file, messageOf(cause), cause);
  }
  if (typeof module === 'object' && module !== null && 'default' in module) return module.default;
  throw configFileError(file, 'it has no default export');
}

async function parseData(file: string): Promise<unknown> {
  const text = await readText(file);
  if (text.trim() === '') return undefined;
  try {
    if (extname(file) === '.json') return parseJson(file, text);
    const { default: cosmiconfig } = await import('cosmiconfig');
    return cosmiconfig.defaultLoaders['.yaml'](file, text) as unknown;
  } catch (cause) {
    if (isBerthError(cause)) throw cause;
    throw configFileError(file, messageOf(cause), cause);
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw ioError(file, error);
  }
}

/** Strict, and of a package.json only the part that is ours. */
function parseJson(file: string, text: string): unknown {
  if (basename(file) !== 'package.json') {
    parseStrictJson(text, { what: file, kind: 'config' });
    return JSON.parse(text);
  }
  const manifest: unknown = JSON.parse(text);
  return typeof manifest === 'object' && manifest !== null && 'berth' in manifest ? manifest.berth : undefined;
}

/** Aliases make a small document large and prototype keys make it dangerous (hostile-inputs Y01, Y08): both end here. */
function checkNodes(file: string, root: unknown): void {
  const open: unknown[] = [root];
  let count = 0;
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    count += 1;
    if (count > DEFAULT_LIMITS.yamlNodes) {
      throw new BerthError('limit', 'ERR_LIMIT', `${file}: more than ${DEFAULT_LIMITS.yamlNodes} nodes`);
    }
    if (Array.isArray(value)) open.push(...(value as unknown[]));
    else if (isPlainObject(value)) open.push(...members(file, value));
  }
}

function members(file: string, value: object): unknown[] {
  if (Object.hasOwn(value, '__proto__')) throw configFileError(file, 'the key __proto__ is not allowed');
  return Object.values(value);
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !('apply' in value) && !('safeParse' in value);
}

/** A failure of berth's own configuration. */
export function configFileError(file: string, why: string, cause?: unknown): BerthError {
  return new BerthError('config', 'ERR_CONFIG', `${file}: ${why}`, {
    hint: 'docs/plugin-authors.md shows every key of this file.',
    details: { file },
    cause,
  });
}
