import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '@berth/base';
import { type ConcreteSpec } from '../spec.ts';
import { dagHash, splicedDagHash } from './dag-hash.ts';
import { SPEC_FORMAT } from './upgrade-nodes.ts';

/** How a stored hash compares with the one that its node gives. `not-recomputable` is no verdict either way. */
export type HashVerdict = 'equal' | 'different' | 'not-recomputable';

export interface VerifyOptions {
  /**
   * The node comes from a database or index, which do not keep everything that was hashed (store-and-specs-on-disk
   * C.5): a hash that does not match says nothing.
   */
  readonly fromDatabase?: boolean;
}

const LAST_COMPILER_FORMAT = 4;

/**
 * Recomputes the hash of a node (store-and-specs-on-disk B.1, B.4, B.5; hostile-inputs J20). Where the form that was
 * hashed cannot be restored for certain, an equal hash is still `equal` and any other is `not-recomputable`: formats
 * before 4, spliced nodes and the replacements that splices leave with untyped edges, targets written as objects,
 * attributes of externals of format 4.
 */
export function verifyDagHash(spec: ConcreteSpec, options: VerifyOptions = {}): HashVerdict {
  if (recomputedHashes(spec).includes(spec.hash)) return 'equal';
  return options.fromDatabase === true || !isRecomputable(spec) ? 'not-recomputable' : 'different';
}

function recomputedHashes(spec: ConcreteSpec): readonly string[] {
  const { node, annotations, buildSpec } = spec;
  if (annotations.originalSpecfileVersion < SPEC_FORMAT) {
    const old = formatFourNode(node, annotations.compiler);
    return [dagHash(old), dagHash(withoutCpuPart(old))];
  }
  return buildSpec === undefined ? [dagHash(node)] : [splicedDagHash(node, buildSpec.hash)];
}

function isRecomputable({ node, annotations, buildSpec, dependencies, external }: ConcreteSpec): boolean {
  if (buildSpec !== undefined || node.has('build_spec')) return false;
  if (dependencies.some(({ types }) => types.length === 0) || isJsonObject(targetOf(node))) return false;
  if (annotations.originalSpecfileVersion >= SPEC_FORMAT) return true;
  if (annotations.originalSpecfileVersion < LAST_COMPILER_FORMAT || annotations.compiler === undefined) return false;
  return external === undefined || external.extraAttributes.size === 0;
}

/** The node as format 4 wrote it (store-and-specs-on-disk B.4). */
function formatFourNode(node: JsonObject, compiler: string | undefined): JsonObject {
  const old = new Map<string, JsonValue>();
  for (const [key, value] of node) {
    if (key === 'annotations') continue;
    if (key === 'dependencies' && isJsonArray(value)) setEdges(old, value);
    else old.set(key, value);
    if (key === 'arch' && compiler !== undefined) old.set('compiler', compilerNode(compiler));
  }
  return old;
}

/** Edges for tests only were not written; a node without others has no list. */
function setEdges(node: Map<string, JsonValue>, dependencies: readonly JsonValue[]): void {
  const edges = dependencies.filter(isJsonObject).filter((edge) => !isTestOnly(edge));
  if (edges.length > 0) node.set('dependencies', edges.map(withoutDirect));
}

function isTestOnly(edge: JsonObject): boolean {
  const parameters = edge.get('parameters');
  const types = isJsonObject(parameters) ? parameters.get('deptypes') : undefined;
  return isJsonArray(types) && types.length === 1 && types[0] === 'test';
}

function withoutDirect(edge: JsonObject): JsonObject {
  const parameters = edge.get('parameters');
  if (!isJsonObject(parameters) || !parameters.has('direct')) return edge;
  const kept = new Map(parameters);
  kept.delete('direct');
  return new Map(edge).set('parameters', kept);
}

/** `gcc@=12.2.0` as the object of format 4. */
function compilerNode(compiler: string): JsonObject {
  const [name = '', version = ''] = compiler.split('@', 2);
  if (version.startsWith('='))
    return new Map([
      ['name', name],
      ['version', version.slice(1)],
    ]);
  return new Map<string, JsonValue>([
    ['name', name],
    ['versions', version.split(',')],
  ]);
}

function withoutCpuPart(node: JsonObject): JsonObject {
  const arch = node.get('arch');
  const target = targetOf(node);
  if (!isJsonObject(arch) || !isJsonObject(target)) return node;
  const kept = new Map(target);
  kept.delete('cpupart');
  return new Map(node).set('arch', new Map(arch).set('target', kept));
}

function targetOf(node: JsonObject): JsonValue | undefined {
  const arch = node.get('arch');
  return isJsonObject(arch) ? arch.get('target') : undefined;
}
