import { BerthError, DEFAULT_LIMITS, forEachLimited, isBerthError, messageOf } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { checkBinding } from '../binding.ts';
import { readEntrySpec, v3Entry } from '../entry.ts';
import { type IndexSource } from '../index-fetch.ts';
import { type BlobPlace } from '../mirror.ts';
import { identityOf } from '../names.ts';
import { readDocument } from '../read-document.ts';
import { parseSpecManifestKey, SPEC_MANIFESTS_PREFIX, specManifestKey } from './keys.ts';

/** Packages read at once. */
const CONCURRENCY = 16;

export interface ListSpecsOptions {
  /** Opens the blobs. */
  readonly mirror: BlobPlace;
  /** Which packages; absent: all. */
  readonly wanted?: ((hash: string) => boolean) | undefined;
  readonly signal: AbortSignal;
}

/**
 * The specs of all v3 packages, sorted by key. One that cannot be read or does not belong to its key is left out with a warning; a
 * listing that fails ends the whole with its error. Rejects with `config`, ERR_NO_LISTING, when the store cannot list.
 */
export async function* listSpecs(
  source: IndexSource,
  { mirror, wanted, signal }: ListSpecsOptions,
): AsyncIterable<ConcreteSpec> {
  const keys = await listManifestKeys(source, { wanted, signal });
  for (let start = 0; start < keys.length; start += CONCURRENCY) {
    const batch = keys.slice(start, start + CONCURRENCY).map((key, position) => ({ key, position }));
    const specs: (ConcreteSpec | undefined)[] = [];
    await forEachLimited(batch, { concurrency: CONCURRENCY, signal }, async ({ key, position }, call) => {
      specs[position] = await readListed(source, key, { mirror, signal: call });
    });
    yield* specs.filter((spec) => spec !== undefined);
  }
}

async function listManifestKeys(
  { store, connection }: IndexSource,
  { wanted = () => true, signal }: Pick<ListSpecsOptions, 'wanted' | 'signal'>,
): Promise<readonly string[]> {
  if (store.list === undefined) {
    throw new BerthError('config', 'ERR_NO_LISTING', `mirror ${connection.name}: its packages cannot be listed`, {
      hint: 'Rebuild the index through an address of this mirror that can be listed.',
    });
  }
  const keys: string[] = [];
  for await (const key of store.list(SPEC_MANIFESTS_PREFIX, { signal })) {
    const listed = parseSpecManifestKey(key);
    if (listed !== undefined && wanted(listed.hash)) keys.push(key);
  }
  return keys.sort();
}

async function readListed(
  { store, connection }: IndexSource,
  key: string,
  options: ListSpecsOptions,
): Promise<ConcreteSpec | undefined> {
  const { mirror, signal } = options;
  const what = `${key} on mirror ${connection.name}`;
  try {
    const found = await readDocument(store, key, { signal, what, maxBytes: DEFAULT_LIMITS.manifestBytes });
    if (found === undefined) return undefined;
    const asked = { ...(parseSpecManifestKey(key) ?? { name: '', hash: '' }), version: '' };
    const spec = await readEntrySpec(mirror, v3Entry({ asked, documentKey: key, document: found.bytes }), { signal });
    if (specManifestKey(identityOf(spec)) !== key) {
      throw new BerthError(
        'digest',
        'ERR_BINDING',
        `${what}: holds another package: ${identityOf(spec).name}/${spec.hash}`,
      );
    }
    checkBinding(spec, spec, what);
    return spec;
  } catch (error) {
    if (!isBerthError(error) || error.kind === 'io' || error.kind === 'busy' || error.kind === 'auth') throw error;
    const hint = 'Push it again with --force, or remove it from the mirror.';
    connection.emit({
      type: 'warning',
      code: 'PACKAGE_UNREADABLE',
      message: `${messageOf(error)}: left out`,
      hint,
    });
    return undefined;
  }
}
