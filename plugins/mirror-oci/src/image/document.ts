import { BerthError, JsonFields, parseStrictJson } from '@berth/base';
import { documentType, type ImageFamily } from '../media-types.ts';
import { type StoredManifest } from '../registry.ts';
import { type Descriptor, parseDescriptor } from './descriptor.ts';

/** One image. */
export interface ImageManifest {
  readonly kind: 'manifest';
  readonly family: ImageFamily;
  readonly config: Descriptor;
  /** Base first; of a package's image the last one is the package itself (buildcache-formats §8.3). */
  readonly layers: readonly Descriptor[];
}

/** One image for each of several platforms. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly family: ImageFamily;
  readonly entries: readonly IndexEntry[];
}

export interface IndexEntry {
  readonly descriptor: Descriptor;
  readonly platform: Platform | undefined;
}

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string | undefined;
}

/** More layers than any runtime takes, and than any list of packages is long. */
const MAX_LAYERS = 10_000;

/**
 * Reads what a reference leads to. Rejects with `protocol`, ERR_OCI_DOCUMENT, when it is neither an image manifest nor an index, or
 * claims to be several things (hostile-inputs R04, R05); with `format` when fields are wrong, with `limit` above 10 000 layers.
 */
export function parseImageDocument(stored: StoredManifest, what: string): ImageManifest | ImageIndex {
  const type = documentType(stored.mediaType);
  if (type === undefined) throw notAnImage(what, `its type is ${JSON.stringify(stored.mediaType.slice(0, 100))}`);
  const fields = new JsonFields(parseStrictJson(stored.bytes, { what }), { what });
  checkOneKind(fields, { stored, kind: type.kind, what });
  return type.kind === 'manifest'
    ? { kind: 'manifest', family: type.family, ...readManifest(fields, what) }
    : { kind: 'index', family: type.family, entries: readEntries(fields, what) };
}

/** As `parseImageDocument`, for what must be one image. */
export function parseImageManifest(stored: StoredManifest, what: string): ImageManifest {
  const document = parseImageDocument(stored, what);
  if (document.kind === 'manifest') return document;
  throw notAnImage(what, 'it is an index of several images');
}

const ONLY_IN: Readonly<Record<'manifest' | 'index', readonly string[]>> = {
  manifest: ['manifests', 'fsLayers'],
  index: ['layers', 'config', 'fsLayers'],
};

function checkOneKind(
  fields: JsonFields,
  {
    stored,
    kind,
    what,
  }: { readonly stored: StoredManifest; readonly kind: 'manifest' | 'index'; readonly what: string },
): void {
  const version = fields.count('schemaVersion');
  if (version !== 2) throw notAnImage(what, `its schema version is ${version}`);
  const claimed = fields.optionalString('mediaType');
  if (claimed !== undefined && claimed !== stored.mediaType) {
    throw notAnImage(
      what,
      `it is served as ${stored.mediaType} and calls itself ${JSON.stringify(claimed.slice(0, 100))}`,
    );
  }
  const wrong = ONLY_IN[kind].find((key) => fields.has(key));
  if (wrong !== undefined) throw notAnImage(what, `an image ${kind} has no "${wrong}"`);
}

function readManifest(fields: JsonFields, what: string): Pick<ImageManifest, 'config' | 'layers'> {
  const count = fields.array('layers').length;
  if (count > MAX_LAYERS) {
    throw new BerthError('limit', 'ERR_LIMIT', `${what}: ${count} layers, more than the limit of ${MAX_LAYERS}`, {
      details: { maxLayers: MAX_LAYERS },
    });
  }
  return {
    config: parseDescriptor(fields.fields('config'), what),
    layers: fields.eachFields('layers').map((layer) => parseDescriptor(layer, what)),
  };
}

function readEntries(fields: JsonFields, what: string): readonly IndexEntry[] {
  return fields.eachFields('manifests').map((entry) => ({
    descriptor: parseDescriptor(entry, what),
    platform: readPlatform(entry.optionalFields('platform')),
  }));
}

function readPlatform(fields: JsonFields | undefined): Platform | undefined {
  if (fields === undefined) return undefined;
  return {
    architecture: fields.string('architecture'),
    os: fields.string('os'),
    variant: fields.optionalString('variant'),
  };
}

function notAnImage(what: string, why: string): BerthError {
  return new BerthError('protocol', 'ERR_OCI_DOCUMENT', `${what}: not an image that can be read: ${why}`);
}
