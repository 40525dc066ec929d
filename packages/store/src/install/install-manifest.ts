import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  errnoCode,
  forEachInTurns,
  formatJson,
  ioError,
  JsonFields,
  JsonNumber,
  type JsonObject,
  toJson,
  writeFileAtomic,
} from '@berth/base';
import { formatManifestEntry, type ManifestEntry, readManifestEntry } from './manifest-entry.ts';
import { METADATA_FILES, METADATA_FOLDER, metadataPath } from './prefix-metadata.ts';
import { type Location, walkTree } from './walk-tree.ts';

/** What is wrong with one path, in the words of `verify manifest`. */
export type ManifestProblem =
  | 'added'
  | 'deleted'
  | 'owner'
  | 'group'
  | 'mode'
  | 'link'
  | 'size'
  | 'mtime'
  | 'hash'
  | 'manifest missing'
  | 'manifest corrupted'
  | 'not owned by any package';

/** Problems by path, in the order of the walk; empty when all is as it was installed. */
export type ManifestReport = ReadonlyMap<string, readonly ManifestProblem[]>;

/** Records the whole tree below `prefix` in its `install_manifest.json`. The last step of an install. */
export async function writeInstallManifest(
  prefix: string,
  options: {
    readonly signal: AbortSignal;
    /** Where the tree will be once it is published. */ readonly finalPrefix?: string;
  },
): Promise<void> {
  const { signal, finalPrefix = prefix } = options;
  const manifestPath = metadataPath(prefix, 'manifest');
  const entries = new Map<string, JsonObject>();
  const places = await listTree(prefix, signal);
  // A program that verifies passes over these, and would take an entry for a file that is gone.
  for (const path of places.keys()) if (isSkipped(path)) places.delete(path);
  await forEachInTurns(places, { signal }, async ([path, location]) => {
    const entry = await readManifestEntry(location, signal);
    if (entry !== undefined) entries.set(path, formatManifestEntry(entry));
  });
  const moved = Array.from(entries, ([path, entry]) => [finalPrefix + path.slice(prefix.length), entry] as const);
  try {
    await writeFileAtomic(manifestPath, formatJson(new Map(moved)));
  } catch (error) {
    throw ioError(`write ${manifestPath}`, error);
  }
}

/** Compares a prefix with its manifest. */
export async function verifyInstallManifest(
  prefix: string,
  options: { readonly signal: AbortSignal },
): Promise<ManifestReport> {
  const manifest = await readManifest(prefix);
  if (typeof manifest === 'string') return new Map([[prefix, [manifest]]]);
  const problems = new Map<string, readonly ManifestProblem[]>();
  const places = await listTree(prefix, options.signal);
  // What is gone comes last.
  const paths = new Set([...places.keys(), ...manifest.keys()]);
  await forEachInTurns(paths, options, async (path) => {
    if (isSkipped(path)) return;
    const found = await compare(places.get(path), manifest.get(path), options.signal);
    if (found.length > 0) problems.set(path, found);
  });
  return problems;
}

/** Compares one file with the manifest of the package it belongs to: the nearest folder above it that has metadata. */
export async function verifyInstalledFile(
  path: string,
  options: { readonly signal: AbortSignal },
): Promise<readonly ManifestProblem[]> {
  const prefix = await owningPrefix(path);
  if (prefix === undefined) return ['not owned by any package'];
  const manifest = await readManifest(prefix);
  return typeof manifest === 'string' ? [manifest] : compare(path, manifest.get(path), options.signal);
}

type Manifest = ReadonlyMap<string, ManifestEntry>;

async function readManifest(prefix: string): Promise<Manifest | 'manifest missing' | 'manifest corrupted'> {
  const path = metadataPath(prefix, 'manifest');
  let text: Buffer;
  try {
    text = await readFile(path);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return 'manifest missing';
    throw ioError(`read ${path}`, error);
  }
  try {
    // Names that are no UTF-8 stand as lone surrogates, which a strict parser refuses.
    const document = new JsonFields(toJson(JSON.parse(text.toString('utf8'))), { what: path });
    return new Map(Array.from(document.object.keys(), (key) => [key, readEntry(document.fields(key))] as const));
  } catch {
    // Whatever is wrong with the text, the answer is the same.
    return 'manifest corrupted';
  }
}

function readEntry(fields: JsonFields): ManifestEntry {
  const time = fields.object.get('time');
  return {
    mode: fields.count('mode'),
    owner: fields.count('owner'),
    group: fields.count('group'),
    dest: fields.optionalString('dest'),
    hash: fields.optionalString('hash'),
    time: time instanceof JsonNumber ? time.value : undefined,
    size: fields.has('size') ? fields.count('size') : undefined,
  };
}

/** `location` is undefined for what is not there, `wanted` for what the manifest does not know. */
async function compare(
  location: Location | undefined,
  wanted: ManifestEntry | undefined,
  signal: AbortSignal,
): Promise<readonly ManifestProblem[]> {
  if (wanted === undefined) return ['added'];
  const found = location === undefined ? undefined : await readManifestEntry(location, signal);
  if (found === undefined) return ['deleted'];
  const isLink = found.dest !== undefined;
  const checks: readonly (readonly [ManifestProblem, boolean])[] = [
    ['owner', found.owner === wanted.owner],
    ['group', found.group === wanted.group],
    ['mode', isLink || found.mode === wanted.mode],
    ['link', found.dest === wanted.dest],
    ['size', found.size === wanted.size],
    ['mtime', found.time === wanted.time],
    ['hash', found.hash === wanted.hash],
  ];
  return checks.filter(([, equal]) => !equal).map(([problem]) => problem);
}

/** Written after the manifest, or the manifest itself. */
function isSkipped(path: string): boolean {
  const name = basename(path);
  return name === METADATA_FILES.times || path.endsWith(join(METADATA_FOLDER, METADATA_FILES.manifest));
}

async function listTree(prefix: string, signal: AbortSignal): Promise<Map<string, Location>> {
  const places = new Map<string, Location>();
  await forEachInTurns(walkTree(prefix), { signal }, async ({ path, location }) => {
    places.set(path, location);
  });
  return places;
}

async function owningPrefix(path: string): Promise<string | undefined> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const metadata = await stat(join(folder, METADATA_FOLDER)).catch(() => undefined);
    if (metadata?.isDirectory() === true) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
