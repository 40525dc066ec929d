import { isJsonArray, isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '@berth/base';
import {
  FLAG_KINDS,
  type CompilerFlag,
  type ConcreteEdge,
  type ConcreteSpec,
  type DagHash,
  type ExternalFacts,
  type FlagKind,
} from '../spec.ts';
import { targetByName, type Target } from '../target/target.ts';
import { booleanVariant, multiVariant, singleVariant, type VariantValue } from '../variant/variant.ts';
import { parseVersion, type ConcreteVersion } from '../version/version.ts';
import { exactVersion, type VersionList } from '../version/version-list.ts';
import { type NodeFacts } from './read-node.ts';

export interface NodeLinks {
  readonly dependencies: readonly ConcreteEdge[];
  readonly buildSpec: ConcreteSpec | undefined;
}

/**
 * A concrete spec over its JSON node. Versions, variants, flags and targets are made when they are first asked for:
 * most nodes of an index never are. Its properties are getters, so that it must not be copied with a spread.
 */
export class NodeSpec implements ConcreteSpec {
  readonly concrete = true;
  readonly abstractHash = undefined;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly hash: DagHash;
  readonly architecture: ConcreteSpec['architecture'];
  readonly node: JsonObject;
  readonly annotations: ConcreteSpec['annotations'];
  readonly dependencies: readonly ConcreteEdge[];
  readonly buildSpec: ConcreteSpec | undefined;
  readonly #versionText: string;
  #version: ConcreteVersion | undefined;
  #versions: VersionList | undefined;
  #variants: ReadonlyMap<string, VariantValue> | undefined;
  #flags: ReadonlyMap<FlagKind, readonly CompilerFlag[]> | undefined;

  constructor(facts: NodeFacts, links: NodeLinks) {
    this.name = facts.name;
    this.namespace = facts.namespace;
    this.hash = facts.hash;
    this.architecture = facts.architecture;
    this.node = facts.node;
    this.annotations = { originalSpecfileVersion: facts.originalFormat, compiler: facts.compiler };
    this.dependencies = links.dependencies;
    this.buildSpec = links.buildSpec;
    this.#versionText = facts.versionText;
  }

  get version(): ConcreteVersion {
    this.#version ??= parseVersion(this.#versionText);
    return this.#version;
  }

  get versions(): VersionList {
    this.#versions ??= exactVersion(this.version);
    return this.#versions;
  }

  get variants(): ReadonlyMap<string, VariantValue> {
    this.#variants ??= new Map(this.#parameters(false).map(([name, value]) => [name, toVariant(value)] as const));
    return this.#variants;
  }

  /** Only the kinds that have flags. */
  get flags(): ReadonlyMap<FlagKind, readonly CompilerFlag[]> {
    this.#flags ??= new Map(
      this.#parameters(true)
        .map(([kind, value]) => [kind as FlagKind, toFlags(value)] as const)
        .filter(([, flags]) => flags.length > 0),
    );
    return this.#flags;
  }

  get target(): Target {
    return targetByName(this.architecture.target);
  }

  get external(): ExternalFacts | undefined {
    const external = this.node.get('external');
    if (!isJsonObject(external)) return undefined;
    const path = external.get('path');
    const modules = texts(external.get('module'));
    if (path === '' && modules.length === 0) return undefined;
    const extra = external.get('extra_attributes');
    return {
      path: typeof path === 'string' && path !== '' ? path : undefined,
      modules,
      extraAttributes: isJsonObject(extra) ? extra : new Map(),
    };
  }

  get patches(): readonly string[] {
    const inOrder = this.node.get('patches');
    return isJsonArray(inOrder) ? texts(inOrder) : (this.variants.get('patches')?.values ?? []);
  }

  get packageHash(): string | undefined {
    const hash = this.node.get('package_hash');
    return typeof hash === 'string' ? hash : undefined;
  }

  #parameters(flags: boolean): readonly (readonly [string, JsonValue])[] {
    const parameters = this.node.get('parameters');
    if (!isJsonObject(parameters)) return [];
    return Array.from(parameters).filter(([name]) => (FLAG_KINDS as readonly string[]).includes(name) === flags);
  }
}

/** store-and-specs-on-disk A.4, reader rule: the type is told by the form of the value. */
function toVariant(value: JsonValue): VariantValue {
  if (isJsonArray(value)) return multiVariant(texts(value), { concrete: true });
  const text = scalarText(value);
  return /^(?:true|false)$/i.test(text) ? booleanVariant(text.toLowerCase() === 'true') : singleVariant(text);
}

function toFlags(value: JsonValue): readonly CompilerFlag[] {
  const flags = isJsonArray(value) ? texts(value) : [scalarText(value)];
  const group = flags.join(' ');
  return flags.map((flag) => ({ flag, propagate: false, group }));
}

/** A number counts as its text: format 1 came from YAML, where `cxxstd: 17` needs no quotes. */
function scalarText(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.token;
  return typeof value === 'string' ? value : String(value === true);
}

function texts(value: JsonValue | undefined): readonly string[] {
  return isJsonArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
