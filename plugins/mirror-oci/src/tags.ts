import { BerthError } from '@berth/base';
import { type SpecIdentity } from '@berth/buildcache';
import { isDagHash, type DagHash } from '@berth/spec';

/** The tag of the index image. */
export const INDEX_TAG = 'index.spack';

const PACKAGE_SUFFIX = '.spack';
const MAX_TAG_LENGTH = 128;
const HALF = MAX_TAG_LENGTH / 2;

/** What registries accept (OCI distribution-spec 1.1, "Pulling manifests"). */
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** True for text that may be sent to a registry as a tag (hostile-inputs R25). */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Throws `usage`, ERR_OCI_TAG, unless `text` may be a tag. */
export function checkTag(text: string): string {
  if (isTag(text)) return text;
  throw new BerthError('usage', 'ERR_OCI_TAG', `tag ${JSON.stringify(text.slice(0, 140))}: not a tag of a registry`, {
    hint: 'Use up to 128 letters, digits, ".", "_" and "-", beginning with a letter, a digit or "_".',
  });
}

/** `text` with what no tag may hold replaced by `_`, and its middle cut out beyond 128 characters (buildcache-formats §8.2). */
export function cleanTag(text: string): string {
  const clean = Array.from(text.replace(/[^\p{L}\p{N}_.-]/gu, '_'));
  if (clean.length <= MAX_TAG_LENGTH) return clean.join('');
  return [...clean.slice(0, HALF), ...clean.slice(-HALF)].join('');
}

/** `NAME-VERSION-HASH.spack`. Throws `format`, ERR_SPEC_NAME, when no registry would accept it. */
export function packageTag({ name, version, hash }: SpecIdentity): string {
  const tag = cleanTag(`${name}-${version}-${hash}${PACKAGE_SUFFIX}`);
  if (isTag(tag)) return tag;
  throw new BerthError(
    'format',
    'ERR_SPEC_NAME',
    `version of ${name}: not usable in a tag: ${JSON.stringify(version)}`,
  );
}

/** The DAG hash that a package's tag ends in; `undefined` for every other tag. */
export function hashOfTag(tag: string): DagHash | undefined {
  if (!tag.endsWith(PACKAGE_SUFFIX) || tag === INDEX_TAG || !isTag(tag)) return undefined;
  const hash = /-([^-]*)\.spack$/.exec(tag)?.[1] ?? '';
  return isDagHash(hash) ? hash : undefined;
}
