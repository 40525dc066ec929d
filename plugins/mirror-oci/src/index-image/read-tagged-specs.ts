import { BerthError, type ErrorKind, forEachLimited, isBerthError, messageOf } from '@berth/base';
import { type CallOptions, checkBinding, identityOf } from '@berth/buildcache';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { readConfigSpec } from '../image/config.ts';
import { readConfig, readPackageImage } from '../mirror/package-image.ts';
import { CONCURRENCY, type OciSource } from '../source.ts';
import { packageTag } from '../tags.ts';
import { type PackageTag } from './package-tags.ts';

/** What tags turned out to be. */
export interface TaggedSpecs {
  readonly specs: ReadonlyMap<DagHash, ConcreteSpec>;
  /** Tags that lead to no package that could be read. */
  readonly unreadable: ReadonlySet<string>;
}

/**
 * The specs behind tags. A tag that cannot be read, or that holds another package than it says, is left out with a warning; a registry
 * that stops answering ends the whole (hostile-inputs J14).
 */
export async function readTaggedSpecs(
  source: OciSource,
  tags: readonly PackageTag[],
  { signal }: CallOptions,
): Promise<TaggedSpecs> {
  const specs = new Map<DagHash, ConcreteSpec>();
  const unreadable = new Set<string>();
  await forEachLimited(tags, { concurrency: CONCURRENCY, signal }, async ({ tag, hash }, call) => {
    try {
      const spec = await readTagged(source, tag, { signal: call });
      if (spec === undefined) unreadable.add(tag);
      else specs.set(hash, spec);
    } catch (error) {
      if (!isAboutOneTag(error)) throw error;
      unreadable.add(tag);
      source.connection.emit({
        type: 'warning',
        code: 'PACKAGE_UNREADABLE',
        message: `${messageOf(error)}: left out of the index`,
        hint: 'Push it again with --force, or remove the tag.',
      });
    }
  });
  return { specs, unreadable };
}

const TAG_KINDS: ReadonlySet<ErrorKind> = new Set(['format', 'digest', 'size', 'limit', 'protocol', 'notfound']);

function isAboutOneTag(error: unknown): boolean {
  return isBerthError(error) && TAG_KINDS.has(error.kind);
}

/** `undefined` when the tag went away. */
async function readTagged(source: OciSource, tag: string, options: CallOptions): Promise<ConcreteSpec | undefined> {
  const image = await readPackageImage(source, tag, options);
  if (image === undefined) return undefined;
  const what = `${tag} of mirror ${source.connection.name}`;
  const spec = readConfigSpec(await readConfig(source, image, options), what);
  checkBinding(spec, spec, what);
  const found = packageTag(identityOf(spec));
  if (found === tag) return spec;
  throw new BerthError('digest', 'ERR_BINDING', `${what}: it holds another package: ${found}`);
}
