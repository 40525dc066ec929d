import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

interface BlobRecord {
  readonly contentLength: number;
  readonly checksum: string;
  readonly mediaType: string;
}

export interface MirrorContent {
  /** Hashes of the packages that have a manifest. */
  readonly packages: readonly string[];
  /** Hashes that the index offers; `undefined` without an index. */
  readonly indexed: readonly string[] | undefined;
  /** Everything that is wrong: left-overs, blobs that are missing or of other bytes than their name or manifest says. */
  readonly problems: readonly string[];
}

const SPEC_MANIFEST = /^v3\/manifests\/spec\/([^/]+)\/\1-.+-([a-z2-7]{32})\.spec\.manifest\.json$/;
const INDEX_MANIFEST = 'v3/manifests/index/index.manifest.json';
const BLOB = /^blobs\/sha256\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/;
/** How berth excludes other writers of the index. */
const PRIVATE = /^\.berth\/generations\/[0-9a-f]{32}\/\d{12}$/;

/** Reads a build cache of layout v3 as plain files, trusting nothing (buildcache-formats §6). */
export async function readMirror(root: string): Promise<MirrorContent> {
  const names = await filesBelow(root);
  const isManifest = (name: string): boolean => SPEC_MANIFEST.test(name) || name === INDEX_MANIFEST;
  const isKnown = (name: string): boolean => isManifest(name) || PRIVATE.test(name) || name === 'v3/layout.json';
  const problems: string[] = [];
  for (const name of names) {
    const [, , digest] = BLOB.exec(name) ?? [];
    if (digest === undefined && !isKnown(name)) problems.push(`${name}: a left-over`);
    if (digest !== undefined && (await digestOf(join(root, name))) !== digest) problems.push(`${name}: other bytes`);
  }
  for (const name of names.filter(isManifest)) {
    for (const record of await readManifest(root, name)) problems.push(...(await blobProblems(root, name, record)));
  }
  const packages = names.flatMap((name) => SPEC_MANIFEST.exec(name)?.[2] ?? []).sort();
  return { packages, indexed: names.includes(INDEX_MANIFEST) ? await readIndex(root) : undefined, problems };
}

async function readManifest(root: string, name: string): Promise<readonly BlobRecord[]> {
  return (JSON.parse(await readFile(join(root, name), 'utf8')) as { readonly data: readonly BlobRecord[] }).data;
}

async function filesBelow(root: string): Promise<readonly string[]> {
  if (!existsSync(root)) return [];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

function blobPath(root: string, { checksum }: BlobRecord): string {
  return join(root, 'blobs/sha256', checksum.slice(0, 2), checksum);
}

async function blobProblems(root: string, manifest: string, record: BlobRecord): Promise<readonly string[]> {
  const path = blobPath(root, record);
  if (!existsSync(path)) return [`${manifest}: its blob ${record.checksum} is missing`];
  const { size } = await stat(path);
  return size === record.contentLength
    ? []
    : [`${manifest}: ${record.checksum} has ${size} bytes, not ${record.contentLength}`];
}

async function readIndex(root: string): Promise<readonly string[]> {
  const [record] = await readManifest(root, INDEX_MANIFEST);
  if (record === undefined) return [];
  const { database } = JSON.parse(await readFile(blobPath(root, record), 'utf8')) as {
    readonly database: { readonly installs: Readonly<Record<string, { readonly in_buildcache?: boolean }>> };
  };
  return Object.entries(database.installs)
    .filter(([, { in_buildcache: offered }]) => offered === true)
    .map(([hash]) => hash)
    .sort();
}

/** The digest of every file of a build cache but the private ones, by name. */
export async function mirrorFiles(root: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const name of [...(await filesBelow(root))].sort()) {
    if (!name.startsWith('.berth/')) files.set(name, await digestOf(join(root, name)));
  }
  return files;
}
