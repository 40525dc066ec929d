import { Readable } from 'node:stream';
import { createHash } from 'node:crypto';
import {
  type ByteSource,
  formatJson,
  formatJsonString,
  type JsonObject,
  jsonNumber,
  type JsonValue,
  type Sha256,
} from '@berth/base';
import { type ConcreteEdge, type ConcreteSpec } from '@berth/spec';
import { type StoredIndex } from './package-index.ts';
import { type RandomAccess } from './random-access.ts';

/** The database version of a written index; its nodes have spec format 5 (buildcache-formats §10). */
const INDEX_VERSION = '8';
const HEAD = `{"database":{"version":"${INDEX_VERSION}","installs":{`;
const TAIL = '}}}';

/** Bytes of a record that stay as they are in the base index, or new ones. */
type Piece = { readonly start: number; readonly end: number } | Buffer;

/**
 * An index being made: a base, to which specs are added. Records of the base that do not change are copied byte for byte, so that
 * memory holds only what is new.
 */
export class IndexBuilder {
  readonly #base: StoredIndex | undefined;
  readonly #added = new Map<string, { readonly node: JsonObject; inBuildcache: boolean }>();
  readonly #newDependents = new Map<string, number>();
  readonly #nowAvailable = new Set<string>();

  /** `base` must have nodes of format 5. */
  constructor(base: StoredIndex | undefined) {
    this.#base = base;
  }

  /** True when the result would differ from the base. */
  get changed(): boolean {
    return this.#base === undefined || this.#added.size > 0 || this.#nowAvailable.size > 0;
  }

  /** The number of binaries the result lists. */
  get size(): number {
    const added = Array.from(this.#added.values()).filter(({ inBuildcache }) => inBuildcache).length;
    return (this.#base?.size ?? 0) + added + this.#nowAvailable.size;
  }

  /** Records `spec` as available, and what it depends on, dependencies first in the order of its edges (§10). */
  add(spec: ConcreteSpec): void {
    this.#insert(spec);
    const added = this.#added.get(spec.hash);
    if (added !== undefined) added.inBuildcache = true;
    else if (this.#base?.has(spec.hash) !== true) this.#nowAvailable.add(spec.hash);
  }

  /** The index as compact JSON that can be opened more than once. */
  async build(): Promise<{ readonly source: ByteSource; readonly digest: Sha256 }> {
    const pieces = await this.#pieces();
    const sizeBytes = pieces.reduce((total, piece) => total + sizeOf(piece), 0);
    const hash = createHash('sha256');
    for await (const chunk of readPieces(pieces, this.#base?.source)) hash.update(chunk);
    const open: ByteSource['open'] = ({ start = 0 }) =>
      Readable.from(skip(readPieces(pieces, this.#base?.source), start), { objectMode: false });
    return { source: { sizeBytes, open }, digest: hash.digest('hex') as Sha256 };
  }

  /** Depth first without recursion: a node is written once all its children are. */
  #insert(root: ConcreteSpec): void {
    const stack = [{ spec: root, next: 0 }];
    const open = new Set<string>([root.hash]);
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const edge = countedEdges(frame.spec)[frame.next];
      frame.next += 1;
      if (edge === undefined) {
        stack.pop();
        this.#insertNode(frame.spec);
      } else if (!this.#isPresent(edge.spec.hash) && !open.has(edge.spec.hash)) {
        open.add(edge.spec.hash);
        stack.push({ spec: edge.spec, next: 0 });
      }
    }
  }

  #insertNode(spec: ConcreteSpec): void {
    if (this.#isPresent(spec.hash)) return;
    this.#added.set(spec.hash, { node: spec.node, inBuildcache: false });
    for (const { spec: child } of countedEdges(spec)) {
      this.#newDependents.set(child.hash, (this.#newDependents.get(child.hash) ?? 0) + 1);
    }
  }

  #isPresent(hash: string): boolean {
    return this.#added.has(hash) || this.#base?.hasRecord(hash) === true;
  }

  async #pieces(): Promise<readonly Piece[]> {
    const pieces: Piece[] = [Buffer.from(HEAD)];
    const separate = (): void => {
      if (pieces.length > 1) pieces.push(Buffer.from(','));
    };
    for (const place of this.#base?.records() ?? []) {
      const changed = this.#newDependents.has(place.hash) || this.#nowAvailable.has(place.hash);
      const last = pieces.at(-1);
      if (!changed && last !== undefined && 'start' in last && last.end + 1 === place.keyStart) {
        pieces[pieces.length - 1] = { start: last.start, end: place.end };
        continue;
      }
      separate();
      pieces.push(changed ? await this.#changedRecord(place.hash) : { start: place.keyStart, end: place.end });
    }
    for (const [hash, { node, inBuildcache }] of this.#added) {
      separate();
      pieces.push(formatRecord(hash, recordOf(node, { refCount: this.#newDependents.get(hash) ?? 0, inBuildcache })));
    }
    return [...pieces, Buffer.from(TAIL)];
  }

  async #changedRecord(hash: string): Promise<Buffer> {
    const record = await this.#base?.record(hash);
    const refCount = (record?.refCount ?? 0) + (this.#newDependents.get(hash) ?? 0);
    const inBuildcache = record?.inBuildcache === true || this.#nowAvailable.has(hash);
    const json = new Map<string, JsonValue>(record?.json);
    return formatRecord(hash, json.set('ref_count', jsonNumber(refCount)).set('in_buildcache', inBuildcache));
  }
}

/** The edges an index counts: build, link and run. */
function countedEdges(spec: ConcreteSpec): readonly ConcreteEdge[] {
  return spec.dependencies.filter(({ types }) => types.some((type) => type !== 'test'));
}

function recordOf(node: JsonObject, record: { readonly refCount: number; readonly inBuildcache: boolean }): JsonObject {
  return new Map<string, JsonValue>([
    ['spec', node],
    ['ref_count', jsonNumber(record.refCount)],
    ['in_buildcache', record.inBuildcache],
  ]);
}

function formatRecord(hash: string, json: JsonObject): Buffer {
  return Buffer.from(`${formatJsonString(hash)}:${formatJson(json)}`);
}

function sizeOf(piece: Piece): number {
  return Buffer.isBuffer(piece) ? piece.byteLength : piece.end - piece.start;
}

async function* readPieces(pieces: readonly Piece[], base: RandomAccess | undefined): AsyncGenerator<Buffer> {
  for (const piece of pieces) {
    if (Buffer.isBuffer(piece)) yield piece;
    else if (base !== undefined) yield* base.stream(piece.start, piece.end) as AsyncIterable<Buffer>;
  }
}

async function* skip(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of chunks) {
    if (left < chunk.byteLength) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.byteLength);
  }
}
