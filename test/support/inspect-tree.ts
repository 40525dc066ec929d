import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';

export interface InstalledRecord {
  readonly path: string | null;
  readonly installed: boolean;
  readonly explicit: boolean;
  readonly ref_count: number;
  readonly spec: {
    readonly name: string;
    readonly hash: string;
    readonly external?: unknown;
    readonly dependencies?: readonly { readonly hash: string }[];
  };
}

/** The records of an install tree's database, by hash; none when nothing was ever written. */
export function readRecords(tree: string): Map<string, InstalledRecord> {
  const path = join(tree, '.spack-db/index.json');
  if (!existsSync(path)) return new Map();
  const { database } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly database: { readonly installs: Readonly<Record<string, InstalledRecord>> };
  };
  return new Map(Object.entries(database.installs));
}

/** What a database directory may hold when nobody is at work (store-and-specs-on-disk C.4). */
const DATABASE_NAMES = new Set([
  'index.json',
  'index_verifier',
  'lock',
  'prefix_lock',
  'prefix_failures',
  'index.json.bkp',
  'failures',
]);

/**
 * Everything that is wrong with an install tree in which nobody is at work: left-overs, prefixes without a record, records
 * without a prefix, wrong reference counts. Empty when all is well.
 */
export function treeProblems(tree: string): readonly string[] {
  const records = readRecords(tree);
  const { prefixes, leftOvers } = walkPrefixes(tree);
  return [
    ...leftOvers.map((path) => `${path}: a left-over`),
    ...namesBeside(join(tree, '.spack-db'), DATABASE_NAMES),
    ...namesBeside(join(tree, 'bin'), new Set(['sbang'])),
    ...recordProblems(records, prefixes),
    ...countProblems(records),
  ];
}

interface Walked {
  /** The hash of what each prefix holds. */
  readonly prefixes: Map<string, string>;
  readonly leftOvers: string[];
}

function walkPrefixes(tree: string): Walked {
  const walked: Walked = { prefixes: new Map(), leftOvers: [] };
  const visit = (folder: string): void => {
    const spec = join(folder, '.spack/spec.json');
    if (existsSync(spec)) {
      const { nodes } = (JSON.parse(readFileSync(spec, 'utf8')) as { spec: { nodes: { hash: string }[] } }).spec;
      walked.prefixes.set(folder, nodes[0]?.hash ?? '');
      return;
    }
    const entries = readdirSync(folder, { withFileTypes: true });
    if (entries.length === 0 && folder !== tree) walked.leftOvers.push(folder);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (folder === tree && ['.spack-db', 'bin'].includes(entry.name)) continue;
      if (entry.isDirectory() && !entry.name.startsWith('.')) visit(path);
      else walked.leftOvers.push(path);
    }
  };
  if (existsSync(tree)) visit(tree);
  return walked;
}

function recordProblems(
  records: ReadonlyMap<string, InstalledRecord>,
  prefixes: ReadonlyMap<string, string>,
): readonly string[] {
  const onDisk = Array.from(prefixes).flatMap(([prefix, hash]) => {
    const record = records.get(hash);
    return record?.installed === true && record.path === prefix ? [] : [`${prefix}: not recorded`];
  });
  const recorded = Array.from(records).flatMap(([hash, { path, installed, spec }]) => {
    if (!installed || spec.external !== undefined || prefixes.get(path ?? '') === hash) return [];
    return [`${spec.name}/${hash}: recorded, but not on disk`];
  });
  return [...onDisk, ...recorded];
}

function namesBeside(folder: string, allowed: ReadonlySet<string>): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !allowed.has(name))
    .map((name) => `${folder}/${name}: a left-over`);
}

function countProblems(records: ReadonlyMap<string, InstalledRecord>): readonly string[] {
  const counts = new Map<string, number>();
  for (const { spec } of records.values()) {
    for (const { hash } of spec.dependencies ?? []) counts.set(hash, (counts.get(hash) ?? 0) + 1);
  }
  return Array.from(records).flatMap(([hash, { ref_count: found, spec }]) =>
    found === (counts.get(hash) ?? 0) ? [] : [`${spec.name}/${hash}: ref_count ${found}, not ${counts.get(hash) ?? 0}`],
  );
}

/** Of a prefix: the clock and its own manifest, which holds times. */
const CHANGING = new Set(['.spack/install_times.json', '.spack/install_manifest.json']);

/** Kind, mode and content of everything below each prefix that is there; equal trees give equal maps. */
export async function treeContent(tree: string): Promise<ReadonlyMap<string, string>> {
  const content = new Map<string, string>();
  for (const { path, installed, spec } of readRecords(tree).values()) {
    if (!installed || path === null || spec.external !== undefined || !existsSync(path)) continue;
    for (const [name, text] of await folderContent(path)) {
      if (!CHANGING.has(name)) content.set(join(relative(tree, path), name), text);
    }
  }
  return new Map([...content].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Kind, mode and content of a folder and everything below it. */
export async function folderContent(folder: string): Promise<ReadonlyMap<string, string>> {
  const content = new Map<string, string>();
  const below = await readdir(folder, { recursive: true });
  for (const name of ['', ...below.sort()]) content.set(name, await describe(join(folder, name)));
  return content;
}

async function describe(path: string): Promise<string> {
  const facts = await lstat(path);
  const mode = (facts.mode & 0o7777).toString(8);
  if (facts.isSymbolicLink()) return `link to ${await readlink(path)}`;
  if (facts.isDirectory()) return `folder ${mode}`;
  return `file ${mode} ${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
}

/** What of `found` is not in `wanted`, or not the same. */
export function differences(
  found: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
): readonly string[] {
  return Array.from(found).flatMap(([path, is]) => {
    const should = wanted.get(path);
    return is === should ? [] : [`${path}: ${is}, not ${should ?? 'there'}`];
  });
}
