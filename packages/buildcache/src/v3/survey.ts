import { DEFAULT_LIMITS, forEachLimited } from '@berth/base';
import { documentText } from '../entry.ts';
import { type IndexSource } from '../index-fetch.ts';
import { type CallOptions, type ObjectStore } from '../mirror.ts';
import { isKey } from '../names.ts';
import { readDocument } from '../read-document.ts';
import { blobKey, parseSpecManifestKey } from './keys.ts';
import { parseManifest } from './manifest.ts';

/** An object store that can be listed. */
export type ListableStore = ObjectStore & Required<Pick<ObjectStore, 'list'>>;

export interface SurveySource extends IndexSource {
  readonly store: ListableStore;
}

const BLOBS_PREFIX = 'blobs/';
const MANIFESTS_PREFIX = 'v3/manifests/';
const MANIFEST_SUFFIX = '.manifest.json';
const BLOB = /^blobs\/sha256\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/;
const CONCURRENCY = 16;

/** A manifest of a package, an index or a key. */
export interface SurveyedManifest {
  readonly key: string;
  /** Of a package. */
  readonly hash: string | undefined;
  /** Keys of the blobs that it names. */
  readonly blobs: readonly string[];
}

/** Everything that a build cache in layout v3 has, as of now. */
export interface Survey {
  readonly manifests: ReadonlyMap<string, SurveyedManifest>;
  /** Keys of all blobs. */
  readonly blobs: ReadonlySet<string>;
}

/**
 * Lists blobs, then manifests, and reads all of these; blobs first, so that whatever names one of them is seen. Rejects rather than leave
 * something out: with the error of the listing, or with that of a manifest that cannot be read (hostile-inputs X14).
 */
export async function surveyLayout(source: SurveySource, options: CallOptions): Promise<Survey> {
  const blobs = new Set<string>();
  for await (const key of source.store.list(BLOBS_PREFIX, options)) if (BLOB.test(key)) blobs.add(key);
  return { blobs, manifests: await surveyManifests(source, options) };
}

/** All manifests but those that `known` tells of already. */
export async function surveyManifests(
  source: SurveySource,
  { signal, known }: CallOptions & { readonly known?: ReadonlyMap<string, SurveyedManifest> },
): Promise<ReadonlyMap<string, SurveyedManifest>> {
  const keys: string[] = [];
  for await (const key of source.store.list(MANIFESTS_PREFIX, { signal })) {
    if (key.endsWith(MANIFEST_SUFFIX) && known?.has(key) !== true && isUsable(key, source)) keys.push(key);
  }
  const manifests = new Map<string, SurveyedManifest>();
  await forEachLimited(keys, { concurrency: CONCURRENCY, signal }, async (key, call) => {
    const manifest = await readManifest(source, key, { signal: call });
    if (manifest !== undefined) manifests.set(key, manifest);
  });
  return manifests;
}

/** No client reads what is under such a key, and it may be a file elsewhere to another (hostile-inputs S05). */
function isUsable(key: string, { connection }: IndexSource): boolean {
  if (isKey(key)) return true;
  connection.emit({
    type: 'warning',
    code: 'MIRROR_KEY',
    message: `mirror ${connection.name}: ${JSON.stringify(key.slice(0, 200))} is not a plain path: ignored`,
    hint: 'Remove it from the mirror.',
  });
  return false;
}

/** `undefined` when it went away meanwhile. */
async function readManifest(
  { store, connection }: SurveySource,
  key: string,
  { signal }: CallOptions,
): Promise<SurveyedManifest | undefined> {
  const what = `${key} on mirror ${connection.name}`;
  const found = await readDocument(store, key, { signal, what, maxBytes: DEFAULT_LIMITS.manifestBytes });
  if (found === undefined) return undefined;
  const { name = '', hash = '' } = parseSpecManifestKey(key) ?? {};
  const stored = { asked: { name, hash, version: '' }, documentKey: what, document: found.bytes };
  const blobs = parseManifest(documentText(stored), what).map(({ digest }) => blobKey(digest));
  return { key, hash: hash === '' ? undefined : hash, blobs };
}
