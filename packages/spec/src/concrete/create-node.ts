import { isJsonArray, isJsonObject, jsonNumber, jsonObject, type JsonObject, type JsonValue } from '@berth/base';
import { depTypeMask } from '../abstract-spec.ts';
import {
  DEP_TYPES,
  FLAG_KINDS,
  type CompilerFlag,
  type DagHash,
  type DepType,
  type ExternalFacts,
  type FlagKind,
} from '../spec.ts';
import { type Target } from '../target/target.ts';
import { compareCodePoints, isOn, type VariantValue } from '../variant/variant.ts';
import { canonicalNumbers } from './canonical-numbers.ts';
import { dagHash, splicedDagHash } from './dag-hash.ts';
import { SPEC_FORMAT } from './upgrade-nodes.ts';

/** What a concrete node is made of; its children must be made first. */
export interface NodeParts {
  readonly name: string;
  /** `1.3.1`, `git.v1.3.1=1.3.1`. */
  readonly version: string;
  readonly architecture: { readonly platform: string; readonly os: string; readonly target: Target };
  readonly namespace: string;
  readonly variants: ReadonlyMap<string, VariantValue>;
  readonly flags?: ReadonlyMap<FlagKind, readonly CompilerFlag[]>;
  readonly external?: ExternalFacts | undefined;
  /** In order of application; `variants` holds them as `patches`, too. */
  readonly patches?: readonly string[];
  readonly packageHash?: string | undefined;
  readonly dependencies?: readonly EdgeParts[];
  readonly buildSpec?: { readonly name: string; readonly hash: DagHash } | undefined;
}

export interface EdgeParts {
  readonly name: string;
  readonly hash: DagHash;
  readonly types: readonly DepType[];
  readonly virtuals: readonly string[];
  readonly direct?: boolean;
}

/**
 * A node of format 5 with its DAG hash: keys, variants, flags, edges and attributes in the order in which they are
 * hashed, whatever order the parts came in (store-and-specs-on-disk A.3 to A.6).
 */
export function createNode(parts: NodeParts): JsonObject {
  const { buildSpec, patches = [], dependencies = [] } = parts;
  const node = jsonObject([
    ['name', parts.name],
    ['version', parts.version],
    ['arch', archJson(parts.architecture)],
    ['namespace', parts.namespace],
    ['parameters', concreteParameters(parts)],
    ['external', parts.external === undefined ? undefined : externalJson(parts.external)],
    ['patches', patches.length === 0 ? undefined : patches],
    ['package_hash', parts.packageHash],
    ['dependencies', dependencies.length === 0 ? undefined : edgesJson(dependencies)],
    ['build_spec', buildSpec === undefined ? undefined : jsonObject(Object.entries(buildSpec))],
    ['annotations', new Map([['original_specfile_version', jsonNumber(SPEC_FORMAT)]])],
  ]);
  return new Map(node).set('hash', buildSpec === undefined ? dagHash(node) : splicedDagHash(node, buildSpec.hash));
}

/** A target as a node holds it: the name of a generic one, else what the CPU table says of it. */
export function targetJson(target: Target): JsonValue {
  if (target.vendor === 'generic') return target.name;
  return new Map<string, JsonValue>([
    ['name', target.name],
    ['vendor', target.vendor],
    ['features', target.features],
    ['generation', jsonNumber(target.generation)],
    ['parents', target.parents],
    ['cpupart', target.cpuPart],
  ]);
}

/** Variants by name, then flags by kind (store-and-specs-on-disk A.4). */
export function parametersJson(
  variants: ReadonlyMap<string, VariantValue>,
  flags: Iterable<readonly [FlagKind, readonly CompilerFlag[]]>,
): JsonObject {
  const byName = [...variants].sort(([a], [b]) => compareCodePoints(a, b));
  const byKind = [...flags].sort(([a], [b]) => compareCodePoints(a, b));
  return new Map<string, JsonValue>([
    ...byName.map(([name, variant]) => [name, variantJson(variant)] as const),
    ...byKind.map(([kind, list]) => [kind, list.map(({ flag }) => flag)] as const),
  ]);
}

/** Sorted edges of a node (store-and-specs-on-disk A.5). */
export function edgesJson(edges: readonly EdgeParts[]): readonly JsonObject[] {
  return edges
    .toSorted((a, b) => compareCodePoints(a.name, b.name) || depTypeMask(a.types) - depTypeMask(b.types))
    .map(edgeJson);
}

function edgeJson({ name, hash, types, virtuals, direct }: EdgeParts): JsonObject {
  const parameters = jsonObject([
    ['deptypes', DEP_TYPES.filter((type) => types.includes(type))],
    ['virtuals', [...new Set(virtuals)].sort(compareCodePoints)],
    ['direct', direct === true ? true : undefined],
  ]);
  return new Map<string, JsonValue>([
    ['name', name],
    ['hash', hash],
    ['parameters', parameters],
  ]);
}

function archJson({ platform, os, target }: NodeParts['architecture']): JsonObject {
  return new Map<string, JsonValue>([
    ['platform', platform],
    ['platform_os', os],
    ['target', targetJson(target)],
  ]);
}

function concreteParameters({ variants, flags }: NodeParts): JsonObject {
  return parametersJson(
    variants,
    FLAG_KINDS.map((kind) => [kind, flags?.get(kind) ?? []] as const),
  );
}

function variantJson(variant: VariantValue): JsonValue {
  if (variant.type === 'boolean') return isOn(variant);
  return variant.type === 'single' ? (variant.values[0] ?? '') : variant.values;
}

function externalJson({ path, modules, extraAttributes }: ExternalFacts): JsonObject {
  return new Map<string, JsonValue>([
    ['path', path ?? null],
    ['module', modules.length === 0 ? null : modules],
    ['extra_attributes', canonicalNumbers(sortedKeys(extraAttributes))],
  ]);
}

function sortedKeys(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(sortedKeys);
  if (!isJsonObject(value)) return value;
  return new Map(
    [...value].sort(([a], [b]) => compareCodePoints(a, b)).map(([key, item]) => [key, sortedKeys(item)] as const),
  );
}
