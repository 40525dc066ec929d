import { type Sha256 } from '@berth/base';
import { checkViewName, politeFileName, type SpecIdentity } from '../names.ts';

/** Where layout v3 keeps things (buildcache-formats §6). */
export const LAYOUT_KEY = 'v3/layout.json';
export const SPEC_MANIFESTS_PREFIX = 'v3/manifests/spec/';
export const MANIFEST_SUFFIX = '.spec.manifest.json';

/** Exactly what `v3/layout.json` holds (§2.3). */
export const LAYOUT_DOCUMENT = '{"signing": "gpg"}';

/** `v3/manifests/spec/NAME/NAME-VERSION-HASH.spec.manifest.json`; the folder is the plain name, the file name is sanitised. */
export function specManifestKey({ name, version, hash }: SpecIdentity): string {
  return `${SPEC_MANIFESTS_PREFIX}${name}/${politeFileName(`${name}-${version}-${hash}`)}${MANIFEST_SUFFIX}`;
}

export function blobKey(digest: Sha256): string {
  return `blobs/sha256/${digest.slice(0, 2)}/${digest}`;
}

/** Of the index, or of the view `view` of it. */
export function indexManifestKey(view?: string): string {
  return view === undefined
    ? 'v3/manifests/index/index.manifest.json'
    : `v3/manifests/index/${checkViewName(view)}/index.manifest.json`;
}

/** The package name and DAG hash that a manifest's key states, or `undefined` for a key of something else. */
export function parseSpecManifestKey(key: string): { readonly name: string; readonly hash: string } | undefined {
  const match = /^v3\/manifests\/spec\/([^/]+)\/([^/]+)-([a-z2-7]{32})\.spec\.manifest\.json$/.exec(key);
  const [, name = '', stem = '', hash = ''] = match ?? [];
  return match !== null && stem.startsWith(`${politeFileName(name)}-`) ? { name, hash } : undefined;
}
