import type { Limits } from '@berth/base';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILD_INFO_PATH } from '../build-info/build-info.ts';
import { limitError } from '../failures.ts';
import { isWithin } from '../member-path.ts';
import { findCommonPrefix } from './common-prefix.ts';
import type { StagedMember, StagedTree } from './staged-tree.ts';

/** One path of an unpacked package. */
export interface UnpackedMember {
  /** Relative to the prefix; empty for the prefix itself. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  /** As on disk: 0755, or 0644 for a file that is not executable. */
  readonly mode: number;
  readonly sizeBytes: number;
  /** Of a symlink, verbatim. */
  readonly linkTarget?: string;
  /** Path of the first name of the same file. */
  readonly hardLinkOf?: string;
}

export interface SettledPackage {
  readonly oldPrefix: string;
  readonly buildInfo: Buffer;
  readonly members: ReadonlyMap<string, UnpackedMember>;
  readonly withheld: ReadonlyMap<string, Buffer>;
}

export interface SettleOptions {
  readonly what: string;
  readonly limits: Limits;
  readonly directory: string;
  readonly root: string;
  readonly aside: string;
  readonly withhold: readonly string[];
}

/** Where the prefix is, is known only at the end of an archive: moves its content to the top of `directory`, and nothing else. */
export async function settle(tree: StagedTree, options: SettleOptions): Promise<SettledPackage> {
  const { what, directory, root, aside } = options;
  const prefix = findCommonPrefix(tree.members, what);
  const withheld = await takeWithheld(tree, prefix, options);
  const buildInfoPath = `${prefix}/${BUILD_INFO_PATH}`;
  requireSize(tree.members.get(buildInfoPath), 'yamlBytes', options);
  const buildInfo = await readFile(join(root, buildInfoPath));

  for (const child of await readdir(join(root, prefix))) {
    await rename(join(root, prefix, child), join(directory, child));
  }
  await rm(root, { recursive: true });
  await rm(aside, { recursive: true });
  return { oldPrefix: `/${prefix}`, buildInfo, members: membersBelow(prefix, tree.members), withheld };
}

/** Reads what the caller asked to withhold; what only looked like it goes to its place. */
async function takeWithheld(tree: StagedTree, prefix: string, options: SettleOptions): Promise<Map<string, Buffer>> {
  const withheld = new Map<string, Buffer>();
  for (const [path, place] of tree.heldBack) {
    const relative = relativeTo(prefix, path);
    if (options.withhold.includes(relative)) {
      requireSize(tree.members.get(path), 'specBytes', options);
      withheld.set(relative, await readFile(place));
    } else {
      await rename(place, join(options.root, path));
    }
  }
  return withheld;
}

function requireSize(
  member: StagedMember | undefined,
  limit: 'yamlBytes' | 'specBytes',
  { what, limits }: SettleOptions,
): void {
  if (member !== undefined && member.sizeBytes > limits[limit]) throw limitError(what, limit, limits[limit]);
}

function membersBelow(prefix: string, staged: ReadonlyMap<string, StagedMember>): Map<string, UnpackedMember> {
  const members = new Map<string, UnpackedMember>();
  for (const [archivePath, { kind, mode, sizeBytes, linkTarget, hardLinkOf }] of staged) {
    if (!isWithin(archivePath, prefix)) continue;
    const path = relativeTo(prefix, archivePath);
    members.set(path, {
      path,
      kind,
      mode,
      sizeBytes,
      ...(linkTarget === undefined ? {} : { linkTarget }),
      ...(hardLinkOf === undefined ? {} : { hardLinkOf: relativeTo(prefix, hardLinkOf) }),
    });
  }
  return members;
}

function relativeTo(prefix: string, path: string): string {
  return path.slice(prefix.length + 1);
}
