import {
  BerthError,
  formatJson,
  isJsonArray,
  isJsonObject,
  JsonFields,
  jsonNumber,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  type Sha256,
} from '@berth/base';
import { type Descriptor, formatDescriptor, parseDescriptor } from '../image/descriptor.ts';
import { OCI_TYPES } from '../media-types.ts';
import { formatOciDigest } from '../reference.ts';

/** The annotation of `index.json` that says which tag a manifest has (OCI image-spec 1.1, "Annotations"). */
const REF_NAME = 'org.opencontainers.image.ref.name';

/** One manifest that `index.json` names. */
export interface LayoutEntry {
  readonly descriptor: Descriptor;
  readonly tag: string | undefined;
}

/** Entries of `index.json`; none when there is no file. Rejects with `format` when it is malformed. */
export function parseLayoutIndex(bytes: Buffer | undefined, what: string): readonly LayoutEntry[] {
  if (bytes === undefined) return [];
  const fields = new JsonFields(parseStrictJson(bytes, { what }), { what });
  return fields.eachFields('manifests').map((entry) => ({
    descriptor: parseDescriptor(entry, what),
    tag: entry.optionalFields('annotations')?.optionalString(REF_NAME),
  }));
}

/** `index.json` with `tag` naming `descriptor` and nothing else; entries that other programs wrote stay as they are. */
export function withTag(
  bytes: Buffer | undefined,
  { tag, descriptor, what }: { readonly tag: string; readonly descriptor: Descriptor; readonly what: string },
): Buffer {
  const entry = new Map<string, JsonValue>(formatDescriptor(descriptor)).set('annotations', new Map([[REF_NAME, tag]]));
  const entries = rawEntries(bytes, what);
  const at = entries.findIndex((each) => tagOf(each) === tag);
  const others = entries.filter((each) => tagOf(each) !== tag);
  return format(bytes, { entries: others.toSpliced(at === -1 ? others.length : at, 0, entry), what });
}

/** `index.json` without any entry of this manifest; `undefined` when there is none. */
export function withoutDigest(bytes: Buffer | undefined, digest: Sha256, what: string): Buffer | undefined {
  const entries = rawEntries(bytes, what);
  const left = entries.filter((entry) => !isJsonObject(entry) || entry.get('digest') !== formatOciDigest(digest));
  return left.length === entries.length ? undefined : format(bytes, { entries: left, what });
}

function rawEntries(bytes: Buffer | undefined, what: string): readonly JsonValue[] {
  if (bytes === undefined) return [];
  const { object } = new JsonFields(parseStrictJson(bytes, { what }), { what });
  const entries = object.get('manifests');
  if (isJsonArray(entries)) return entries;
  throw new BerthError('format', 'ERR_DOCUMENT', `${what}: /manifests: expected a list`);
}

function tagOf(entry: JsonValue): JsonValue | undefined {
  const annotations = isJsonObject(entry) ? entry.get('annotations') : undefined;
  return isJsonObject(annotations) ? annotations.get(REF_NAME) : undefined;
}

function format(
  bytes: Buffer | undefined,
  { entries, what }: { readonly entries: readonly JsonValue[]; readonly what: string },
): Buffer {
  const before: JsonObject =
    bytes === undefined
      ? new Map<string, JsonValue>([
          ['schemaVersion', jsonNumber(2)],
          ['mediaType', OCI_TYPES.index],
        ])
      : new JsonFields(parseStrictJson(bytes, { what }), { what }).object;
  return Buffer.from(formatJson(new Map<string, JsonValue>(before).set('manifests', entries)));
}
