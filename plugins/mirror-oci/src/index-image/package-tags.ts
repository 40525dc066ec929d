import { type CallOptions } from '@berth/buildcache';
import { type DagHash } from '@berth/spec';
import { type OciSource } from '../source.ts';
import { hashOfTag } from '../tags.ts';

/** A tag of a package, and the DAG hash that it ends in. */
export interface PackageTag {
  readonly tag: string;
  readonly hash: DagHash;
}

/** All packages that a repository has, by tag, each once. Rejects rather than leave some out. */
export async function listPackageTags(
  { registry }: Pick<OciSource, 'registry'>,
  options: CallOptions,
): Promise<readonly PackageTag[]> {
  const tags = new Map<string, DagHash>();
  for await (const tag of registry.listTags(options)) {
    const hash = hashOfTag(tag);
    if (hash !== undefined) tags.set(tag, hash);
  }
  return Array.from(tags, ([tag, hash]) => ({ tag, hash })).sort((a, b) => (a.tag < b.tag ? -1 : 1));
}
