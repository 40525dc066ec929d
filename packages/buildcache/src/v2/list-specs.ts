import { BerthError, isBerthError, messageOf } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { checkBinding } from '../binding.ts';
import { documentText } from '../entry.ts';
import { type IndexSource } from '../index-fetch.ts';
import { type CallOptions } from '../mirror.ts';
import { readSpecFile } from './find.ts';
import { parseV2SpecFileKey, V2_PREFIX, v2Keys } from './keys.ts';
import { parseV2SpecFile } from './spec-file.ts';

/**
 * The specs of packages in layout v2 or v1 whose hash is wanted, one by one. One that cannot be read, or that does not belong to its
 * key, is left out with a warning; a listing that fails ends the whole with its error.
 */
export async function* listSpecsV2(
  source: IndexSource,
  { wanted, signal }: CallOptions & { readonly wanted: (hash: string) => boolean },
): AsyncIterable<ConcreteSpec> {
  const keys = new Map<string, string>();
  for await (const key of source.store.list?.(V2_PREFIX, { signal }) ?? []) {
    const hash = parseV2SpecFileKey(key);
    if (hash === undefined || !wanted(hash)) continue;
    if (!keys.has(hash) || key.endsWith('.sig')) keys.set(hash, key);
  }
  for (const [hash, key] of keys) {
    const spec = await readListed(source, { hash, key }, { signal });
    if (spec !== undefined) yield spec;
  }
}

async function readListed(
  { store, connection }: IndexSource,
  { hash, key }: { readonly hash: string; readonly key: string },
  options: CallOptions,
): Promise<ConcreteSpec | undefined> {
  const what = `${key} on mirror ${connection.name}`;
  try {
    // What names the package is inside: the name of the file holds more than can be taken apart.
    const stored = await readSpecFile(store, { asked: { name: 'unknown', version: '0', hash }, key }, options);
    if (stored === undefined) return undefined;
    const { spec } = parseV2SpecFile(documentText(stored), what);
    checkBinding(spec, { name: spec.name, version: spec.version.text, hash }, what);
    const { specFile, signedSpecFile } = v2Keys(spec);
    if (key === specFile || key === signedSpecFile) return spec;
    throw new BerthError('digest', 'ERR_BINDING', `${what}: holds another package: ${spec.name}/${spec.hash}`);
  } catch (error) {
    if (!isBerthError(error) || error.kind === 'io' || error.kind === 'busy' || error.kind === 'auth') throw error;
    const message = `${messageOf(error)}: left out`;
    connection.emit({ type: 'warning', code: 'PACKAGE_UNREADABLE', message, hint: 'Remove it from the mirror.' });
    return undefined;
  }
}
