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
  toJson,
} from '@berth/base';
import { type EnvironmentVariable } from '@berth/buildcache';
import { type ConcreteSpec, formatSpecDocument, readSpecDocument, targetFamily } from '@berth/spec';
import { formatOciDigest, parseOciDigest } from '../reference.ts';
import { mergeEnvironment } from './environment.ts';

/** The newest layout of package metadata that this version reads, and the one that it writes (buildcache-formats §8.4). */
const LAYOUT_VERSION = 3;

/** Reads an image config as it is. Rejects with `format` when it is not a JSON object. */
export function parseImageConfig(bytes: Uint8Array, what: string): JsonFields {
  return new JsonFields(parseStrictJson(bytes, { what }), { what });
}

/**
 * The spec that the config of a package's image holds. Rejects with `format`: ERR_LAYOUT_VERSION for a newer layout (hostile-inputs
 * J11), ERR_DOCUMENT and others when it holds no spec.
 */
export function readConfigSpec(bytes: Uint8Array, what: string): ConcreteSpec {
  const fields = parseImageConfig(bytes, what);
  checkLayoutVersion(fields, what);
  return readSpecDocument(fields.object, { what }).root;
}

/** Throws `format` unless `fields` are package metadata that this version reads. A config without a version is the oldest. */
export function checkLayoutVersion(fields: JsonFields, what: string): void {
  const version = fields.has('buildcache_layout_version') ? fields.count('buildcache_layout_version') : 0;
  if (version > LAYOUT_VERSION) {
    throw new BerthError(
      'format',
      'ERR_LAYOUT_VERSION',
      `${what}: build cache layout ${version}: needs a newer version of berth`,
      { details: { version } },
    );
  }
  if (!fields.has('spec')) throw fields.error('spec', 'the image holds no spec: it is not a package');
}

/** Uncompressed digests of the layers, in their order. Rejects with `format`. */
export function diffIdsOf(fields: JsonFields, what: string): readonly Sha256[] {
  return fields
    .fields('rootfs')
    .strings('diff_ids')
    .map((text) => parseOciDigest(text, `${what}: diff id`));
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

/** What images call the architecture of a package: that of its target's family (buildcache-formats §8.4). */
export function imageArchitecture({ target }: Pick<ConcreteSpec, 'target'>): string {
  const family = targetFamily(target.name);
  return ARCHITECTURES[family] ?? family;
}

/** One layer in the order of the image: for `rootfs` and the history. */
export interface ConfigLayer {
  readonly diffId: Sha256;
  /** What made it. */
  readonly createdBy: string;
}

export interface ConfigParts {
  /** Config of the base image; absent: an image of packages alone. */
  readonly base: JsonObject | undefined;
  readonly architecture: string;
  /** Without those of the base image. */
  readonly layers: readonly ConfigLayer[];
  readonly runEnvironment: readonly EnvironmentVariable[];
}

/** The config of an image that is no package: of several packages under one tag. */
export function formatImageConfig(parts: ConfigParts): Buffer {
  return Buffer.from(formatJson(imageConfig(parts)));
}

export interface PackageMetadata {
  readonly spec: ConcreteSpec;
  readonly archiveDigest: Sha256;
  readonly archiveBytes: number;
  readonly timestamp: Date;
}

/** The config of a package's image: an image config with the spec document in it (buildcache-formats §8.4). */
export function formatPackageConfig(parts: ConfigParts, metadata: PackageMetadata): Buffer {
  const config = new Map<string, JsonValue>(imageConfig(parts));
  for (const [key, value] of formatSpecDocument(metadata.spec)) config.set(key, value);
  config.set('buildcache_layout_version', jsonNumber(LAYOUT_VERSION));
  config.set('binary_cache_checksum', toJson({ hash_algorithm: 'sha256', hash: metadata.archiveDigest }));
  config.set('archive_size', jsonNumber(metadata.archiveBytes));
  config.set('archive_timestamp', formatTimestamp(metadata.timestamp));
  config.set('archive_compression', 'gzip');
  return Buffer.from(formatJson(config));
}

/** ISO 8601 with microseconds, in UTC, so that it does not depend on where it is written. */
function formatTimestamp(date: Date): string {
  return date.toISOString().replace('Z', '000+00:00');
}

function imageConfig(parts: ConfigParts): JsonObject {
  const config = new Map<string, JsonValue>(parts.base ?? emptyConfig(parts.architecture));
  const rootfs = config.get('rootfs');
  const before = isJsonObject(rootfs) ? listAt(rootfs, 'diff_ids') : [];
  const added = parts.layers.map(({ diffId }) => formatOciDigest(diffId));
  config.set('rootfs', withKey(rootfs, 'diff_ids', [...before, ...added]));
  const runtime = config.get('config');
  const variables = (isJsonObject(runtime) ? listAt(runtime, 'Env') : []).filter((entry) => typeof entry === 'string');
  config.set('config', withKey(runtime, 'Env', mergeEnvironment(variables, parts.runEnvironment)));
  const history = extendedHistory(config, { layersBefore: before.length, layers: parts.layers });
  if (history !== undefined) config.set('history', history);
  return config;
}

function emptyConfig(architecture: string): JsonObject {
  return new Map<string, JsonValue>([
    ['architecture', architecture],
    ['os', 'linux'],
    [
      'rootfs',
      new Map<string, JsonValue>([
        ['type', 'layers'],
        ['diff_ids', []],
      ]),
    ],
    ['config', new Map()],
  ]);
}

function withKey(object: JsonValue | undefined, key: string, value: JsonValue): JsonObject {
  return new Map<string, JsonValue>(isJsonObject(object) ? object : []).set(key, value);
}

function listAt(object: JsonObject, key: string): readonly JsonValue[] {
  const value = object.get(key);
  return isJsonArray(value) ? value : [];
}

/** A history that tells of each layer goes on doing so; readers refuse one that tells of fewer. */
function extendedHistory(
  config: JsonObject,
  { layersBefore, layers }: { readonly layersBefore: number; readonly layers: readonly ConfigLayer[] },
): readonly JsonValue[] | undefined {
  if (!config.has('history')) return undefined;
  const history = listAt(config, 'history');
  const told = history.filter((entry) => !isJsonObject(entry) || entry.get('empty_layer') !== true).length;
  if (told !== layersBefore) return undefined;
  return [...history, ...layers.map(({ createdBy }) => new Map([['created_by', createdBy]]))];
}
