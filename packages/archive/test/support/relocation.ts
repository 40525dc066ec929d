import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type BuildInfo,
  createPrefixMap,
  type RelocationMember,
  type RelocationRequest,
  walkPrefix,
} from '../../src/index.ts';

export const OLD_ROOT = '/opt/old/root';
export const OLD = `${OLD_ROOT}/p-1-abcdefg`;
export const signal: AbortSignal = AbortSignal.timeout(120_000);

export interface Tree {
  readonly directory: string;
  remove(): Promise<void>;
}

/** A temporary folder with these files. */
export async function makeTree(files: Readonly<Record<string, string | Buffer>>): Promise<Tree> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-tree-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}

export function buildInfoWith(lists: Partial<BuildInfo>): BuildInfo {
  return {
    buildPath: OLD_ROOT,
    hardLinksDeduped: true,
    hashToPrefix: new Map([['abcdefg', OLD]]),
    relocateBinaries: [],
    relocateLinks: [],
    relocateTextFiles: [],
    relativeRpaths: false,
    ...lists,
  };
}

export async function membersOf(directory: string): Promise<ReadonlyMap<string, RelocationMember>> {
  return new Map((await walkPrefix(directory, { signal })).map((entry) => [entry.path, entry]));
}

export interface RequestOptions {
  readonly lists: Partial<BuildInfo>;
  readonly to?: string;
  readonly pairs?: readonly (readonly [string, string])[];
  readonly platform?: 'linux' | 'darwin';
}

/** A request to move the tree from OLD to `to`. */
export async function requestFor(directory: string, options: RequestOptions): Promise<RelocationRequest> {
  const to = options.to ?? '/opt/new/root/p-1-abcdefg';
  return {
    directory,
    finalPrefix: to,
    members: await membersOf(directory),
    buildInfo: buildInfoWith(options.lists),
    prefixMap: createPrefixMap(options.pairs ?? [[OLD, to]], { what: 'p@1/abcdefg' }),
    platform: options.platform ?? 'linux',
    what: 'p@1/abcdefg',
    signal,
  };
}
