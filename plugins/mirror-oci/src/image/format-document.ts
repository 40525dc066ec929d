import { formatJson, type JsonObject, jsonNumber, jsonObject, type JsonValue } from '@berth/base';
import { type ImageFamily, typesOf } from '../media-types.ts';
import { type Descriptor, formatDescriptor } from './descriptor.ts';
import { type IndexEntry, type Platform } from './document.ts';

/** The annotation that says in one line what an image is. */
export const DESCRIPTION = 'org.opencontainers.image.description';

const SCHEMA_VERSION = jsonNumber(2);

export interface ManifestParts {
  readonly family: ImageFamily;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** Docker manifests have none: it is left out of them. */
  readonly description?: string | undefined;
}

/** A document ready to be stored. */
export interface FormattedDocument {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** An image manifest: compact JSON, keys in the order of buildcache-formats §8.3. */
export function formatImageManifest({ family, config, layers, description }: ManifestParts): FormattedDocument {
  const { manifest: mediaType } = typesOf(family);
  const annotated = family === 'oci' && description !== undefined;
  const document = jsonObject([
    ['mediaType', mediaType],
    ['schemaVersion', SCHEMA_VERSION],
    ['config', formatDescriptor(config)],
    ['layers', layers.map(formatDescriptor)],
    ['annotations', annotated ? new Map([[DESCRIPTION, description]]) : undefined],
  ]);
  return { bytes: Buffer.from(formatJson(document)), mediaType };
}

/** An index of images for several platforms. */
export function formatImageIndex(family: ImageFamily, entries: readonly IndexEntry[]): FormattedDocument {
  const { index: mediaType } = typesOf(family);
  const document = jsonObject([
    ['mediaType', mediaType],
    ['schemaVersion', SCHEMA_VERSION],
    ['manifests', entries.map(formatEntry)],
  ]);
  return { bytes: Buffer.from(formatJson(document)), mediaType };
}

function formatEntry({ descriptor, platform }: IndexEntry): JsonObject {
  const fields: [string, JsonValue | undefined][] = [...formatDescriptor(descriptor)];
  return jsonObject([...fields, ['platform', platform && formatPlatform(platform)]]);
}

function formatPlatform({ architecture, os, variant }: Platform): JsonObject {
  return jsonObject([
    ['architecture', architecture],
    ['os', os],
    ['variant', variant],
  ]);
}
