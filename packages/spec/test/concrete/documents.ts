import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { isJsonArray, isJsonObject, parseStrictJson, type JsonObject } from '@berth/base';

const FOLDER = new URL('../vectors/specs/', import.meta.url);

/** One row of `index.json`. */
export interface DocumentRow {
  readonly file: string;
  readonly root: string;
  readonly spec_file_version: number;
  readonly nodes: Readonly<Record<string, string>>;
  readonly not_recomputable?: readonly string[];
}

/** Every document that Spack wrote, with what is known of it. */
export const DOCUMENTS: readonly DocumentRow[] = (
  JSON.parse(readFileSync(new URL('index.json', FOLDER), 'utf8')) as { documents: DocumentRow[] }
).documents;

/** The bytes of a document, unpacked. */
export function documentBytes(file: string): Buffer {
  const bytes = readFileSync(new URL(file, FOLDER));
  return file.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

export function readFixture(path: string): string {
  return readFileSync(new URL(`../vectors/${path}`, import.meta.url), 'utf8');
}

/** The nodes of a document of format 2 or newer. */
export function nodesOf(document: unknown): readonly JsonObject[] {
  const spec = isJsonObject(document as JsonObject) ? (document as JsonObject).get('spec') : undefined;
  const nodes = isJsonObject(spec) ? spec.get('nodes') : undefined;
  return isJsonArray(nodes) ? nodes.filter(isJsonObject) : [];
}

export function parseObject(text: string): JsonObject {
  return parseStrictJson(text, { what: 'test document' }) as JsonObject;
}
