import { DEFAULT_LIMITS } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { type StoredDocument, v2Entry } from '../entry.ts';
import { type CallOptions, type MirrorEntry, type ObjectStore } from '../mirror.ts';
import { identityOf, isWholeSpec, labelOf, type PackageQuery } from '../names.ts';
import { type PackageIndex } from '../package-index.ts';
import { readDocument } from '../read-document.ts';
import { parseV2SpecFileKey, V2_PREFIX, v2Keys } from './keys.ts';

export interface FindV2Options extends CallOptions {
  /** The v2 index; asked only for a query that is not a whole spec. */
  readonly index: (options: CallOptions) => Promise<PackageIndex | undefined>;
}

/**
 * A package in layout v2 or v1: the signed spec file, else the plain one (buildcache-formats §5). Their names hold architecture and
 * compiler, so a query by hash goes through the index, else through a listing.
 */
export async function findV2(
  store: ObjectStore,
  asked: PackageQuery,
  options: FindV2Options,
): Promise<MirrorEntry | undefined> {
  const spec = await wholeSpec(asked, options);
  if (spec === undefined) return findByListing(store, asked, options);
  const keys = v2Keys(spec);
  const found =
    (await readSpecFile(store, { asked, key: keys.signedSpecFile }, options)) ??
    (await readSpecFile(store, { asked, key: keys.specFile }, options));
  return found && v2Entry(found);
}

async function wholeSpec(asked: PackageQuery, options: FindV2Options): Promise<ConcreteSpec | undefined> {
  if (isWholeSpec(asked)) return asked;
  const index = await options.index(options);
  return index?.spec(asked.hash, options);
}

async function findByListing(
  store: ObjectStore,
  asked: PackageQuery,
  options: CallOptions,
): Promise<MirrorEntry | undefined> {
  const keys: string[] = [];
  for await (const key of store.list?.(V2_PREFIX, options) ?? []) {
    if (parseV2SpecFileKey(key) === asked.hash) keys.push(key);
  }
  const key = keys.find((name) => name.endsWith('.sig')) ?? keys[0];
  const stored = key === undefined ? undefined : await readSpecFile(store, { asked, key }, options);
  return stored && v2Entry(stored);
}

/** A spec file as stored; `undefined` when it is not there. */
export async function readSpecFile(
  store: ObjectStore,
  { asked, key }: { readonly asked: PackageQuery; readonly key: string },
  { signal }: CallOptions,
): Promise<StoredDocument | undefined> {
  const identity = identityOf(asked);
  const what = `spec file of ${labelOf(identity)}`;
  const found = await readDocument(store, key, { signal, what, maxBytes: DEFAULT_LIMITS.specBytes });
  if (found === undefined) return undefined;
  return { asked: identity, documentKey: key, document: found.bytes };
}
