import {
  BerthError,
  errnoCode,
  ioError,
  isSha256,
  parseStrictJson,
  type Sha256,
  sha256Of,
  writeFileAtomic,
  z,
} from '@berth/base';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type OwnerCheck, refuseForeign } from '../owner.ts';
import { describeIssues } from '../issues.ts';

/** Where the pins lie: the user's berth configuration folder. */
export interface TrustStore extends OwnerCheck {
  readonly userFolder: string;
}

export interface TrustedPlugin {
  /** Real path of the file, or of the folder of a package. */
  readonly path: string;
  readonly sha256: Sha256;
  /** The pin it replaces. */
  readonly previous: Sha256 | undefined;
}

/** `changed`: it was trusted with other content. */
export type TrustState = 'trusted' | 'unknown' | 'changed';

type Pins = Readonly<Record<string, Sha256>>;

interface PinFile {
  readonly version: 1;
  readonly trusted: Pins;
}

const pinFileSchema: z.ZodType<PinFile> = z.strictObject({
  version: z.literal(1),
  trusted: z.record(
    z.string(),
    z.custom<Sha256>((value) => typeof value === 'string' && isSha256(value), 'not a SHA-256'),
  ),
});

/** Pins the present content of a plugin or code configuration (a file, or the folder of a package), so that it may run at project scope. */
export async function trustPlugin(path: string, store: TrustStore): Promise<TrustedPlugin> {
  const real = await realPathOf(path);
  const sha256 = await pluginDigest(real);
  const pins = await readPins(store);
  const trusted = { ...pins, [real]: sha256 };
  await mkdir(store.userFolder, { recursive: true, mode: 0o700 });
  const sorted = Object.fromEntries(Object.entries(trusted).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeFileAtomic(pinFile(store), `${JSON.stringify({ version: 1, trusted: sorted }, null, 2)}\n`, {
    mode: 0o600,
  });
  return { path: real, sha256, previous: pins[real] };
}

/** Whether the present content is the pinned one. */
export async function trustOf(path: string, store: TrustStore): Promise<TrustState> {
  const real = await realPathOf(path);
  const pinned = (await readPins(store))[real];
  if (pinned === undefined) return 'unknown';
  return pinned === (await pluginDigest(real)) ? 'trusted' : 'changed';
}

/** True when the present content is the pinned one. */
export async function isTrusted(path: string, store: TrustStore): Promise<boolean> {
  return (await trustOf(path, store)) === 'trusted';
}

/** Rejects with ERR_PLUGIN_UNTRUSTED (`policy`) unless the present content is the pinned one. */
export async function requireTrust(path: string, what: string, store: TrustStore): Promise<void> {
  const state = await trustOf(path, store);
  if (state === 'trusted') return;
  const why =
    state === 'changed' ? 'it has changed since it was trusted' : 'it is code in a project folder and not trusted';
  throw new BerthError('policy', 'ERR_PLUGIN_UNTRUSTED', `${what}: not run: ${why}`, {
    hint: `Read it, then run: berth plugin trust '${path}'`,
    details: { path, state },
  });
}

/**
 * SHA-256 of a file; of a folder, that of the sorted list of its files with their own digests, dependencies
 * (`node_modules`) left out.
 */
export async function pluginDigest(path: string): Promise<Sha256> {
  try {
    if (!(await stat(path)).isDirectory()) return sha256Of(await readFile(path));
    const hash = createHash('sha256');
    for await (const line of folderLines(path, path)) hash.update(`${line}\n`);
    return hash.digest('hex') as Sha256;
  } catch (error) {
    throw ioError(`plugin ${path}`, error);
  }
}

async function* folderLines(root: string, folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    const name = JSON.stringify(relative(root, path));
    if (entry.isDirectory()) yield* folderLines(root, path);
    else if (entry.isSymbolicLink()) yield `link ${name} ${JSON.stringify(await readlink(path))}`;
    else if (entry.isFile()) yield `file ${name} ${sha256Of(await readFile(path))}`;
  }
}

async function readPins(store: TrustStore): Promise<Pins> {
  const file = pinFile(store);
  let text: string;
  try {
    await refuseForeign(file, store);
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return {};
    throw ioError(file, error);
  }
  const parsed = pinFileSchema.safeParse(parsePins(file, text));
  if (parsed.success) return parsed.data.trusted;
  throw new BerthError('config', 'ERR_CONFIG', `${file}: ${describeIssues(parsed.error)}`, {
    hint: 'Remove the file and trust your plugins again.',
    details: { file },
  });
}

function parsePins(file: string, text: string): unknown {
  parseStrictJson(text, { what: file, kind: 'config' });
  return JSON.parse(text);
}

async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw ioError(`plugin ${path}`, error);
  }
}

function pinFile({ userFolder }: TrustStore): string {
  return join(userFolder, 'trusted-plugins.json');
}
