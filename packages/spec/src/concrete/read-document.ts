import {
  BerthError,
  isJsonArray,
  isJsonObject,
  JsonFields,
  JsonNumber,
  parseStrictJson,
  type ErrorKind,
  type JsonObject,
  type JsonValue,
} from '@berth/base';
import { type ConcreteSpec } from '../spec.ts';
import { linkRawNodes } from './link-nodes.ts';
import { checkFormatVersion, referenceKey, type RawNode, unwrapNamedNode } from './upgrade-nodes.ts';

export interface SpecDocument {
  readonly root: ConcreteSpec;
  /** Every node, in the order of the document; the root is the first. */
  readonly nodes: readonly ConcreteSpec[];
  /** The format the document was written in, 1 to 5; its specs are in format 5 whatever it was. */
  readonly formatVersion: number;
}

export interface ReadSpecOptions {
  /** Names the document in messages: `spec of zlib from mirror m`. */
  readonly what: string;
  /** The class of every error, `format` unless said otherwise. */
  readonly kind?: ErrorKind;
}

/**
 * Reads a concrete spec with all its dependencies: `spec.json` of a prefix, the spec part of a build cache entry
 * (store-and-specs-on-disk A.1, formats 1 to 5). Hashes are taken as they are stored: see `verifyDagHash`.
 * @throws BerthError of `kind`: ERR_JSON, ERR_DOCUMENT, ERR_SPEC_GRAPH, ERR_SPEC_FORMAT; `limit` for deep nesting
 */
export function readSpecDocument(input: string | Uint8Array | JsonObject, options: ReadSpecOptions): SpecDocument {
  const { what, kind = 'format' } = options;
  const value = isJsonObject(input as JsonValue)
    ? (input as JsonObject)
    : parseStrictJson(input as string, { what, kind });
  const document = new JsonFields(value, { what, kind });
  const { raws, formatVersion } = isJsonArray(document.object.get('spec'))
    ? readNamedList(document, { what, kind })
    : readNodeList(document.fields('spec'), { what, kind });
  const nodes = Array.from(linkRawNodes(raws, { what, kind, formatVersion }).values());
  const [root] = nodes;
  if (root === undefined) throw new BerthError(kind, 'ERR_DOCUMENT', `${what}: /spec: it has no nodes`);
  return { root, nodes, formatVersion };
}

interface RawDocument {
  readonly raws: readonly RawNode[];
  readonly formatVersion: number;
}

type Source = Required<ReadSpecOptions>;

function readNamedList(document: JsonFields, source: Source): RawDocument {
  const nodes = document.array('spec').map((value, position) => {
    const at = { ...source, pointer: `/spec/${position}` };
    return { node: unwrapNamedNode(value, at), source: at };
  });
  return { raws: keyed(nodes), formatVersion: 1 };
}

function readNodeList(spec: JsonFields, source: Source): RawDocument {
  const formatVersion = checkFormatVersion(readFormatVersion(spec), source);
  const nodes = spec.eachFields('nodes').map(({ object }, position) => {
    return { node: object, source: { ...source, pointer: `/spec/nodes/${position}` } };
  });
  return { raws: keyed(nodes), formatVersion };
}

/** Zero and below count as unknown formats, not as wrong fields. */
function readFormatVersion(spec: JsonFields): number {
  const written = spec.fields('_meta').object.get('version');
  if (!(written instanceof JsonNumber) || !Number.isSafeInteger(written.value))
    return spec.fields('_meta').count('version');
  return written.value;
}

function keyed(nodes: readonly Omit<RawNode, 'key'>[]): readonly RawNode[] {
  const reference = referenceKey(nodes.map(({ node }) => node));
  return nodes.map(({ node, source }) => ({ key: new JsonFields(node, source).string(reference), node, source }));
}
