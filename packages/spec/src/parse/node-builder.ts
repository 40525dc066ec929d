import { BerthError } from '@berth/base';
import { EMPTY_SPEC } from '../abstract-spec.ts';
import { FLAG_KINDS, type Architecture, type CompilerFlag, type FlagKind, type Spec } from '../spec.ts';
import { ANY_VALUE, booleanVariant, multiVariant, type VariantValue } from '../variant/variant.ts';
import { type VersionList } from '../version/version-list.ts';
import { addArchitecture, isArchitectureKey, type HostArchitecture } from './architecture.ts';
import { parseFlags } from './flags.ts';
import { type KeyValue } from './key-value.ts';

/** Keys whose values describe where the sources are or how they were patched; never propagated (spec-syntax §3). */
const RESERVED_VARIANTS = ['dev_path', 'patches', 'commit', 'branch', 'tag', 'ref'];

/** Collects the attributes of one node while it is read. */
export class NodeBuilder {
  readonly #host: HostArchitecture | undefined;
  #name: string | undefined;
  #namespace: string | undefined;
  #versions: VersionList | undefined;
  #hash: string | undefined;
  #architecture: Architecture = {};
  readonly #variants = new Map<string, VariantValue>();
  readonly #flags = new Map<FlagKind, CompilerFlag[]>();

  constructor(host?: HostArchitecture) {
    this.#host = host;
  }

  get hasHash(): boolean {
    return this.#hash !== undefined;
  }

  /** `zlib`, `builtin.zlib`, or `*` for none. */
  setName(text: string): void {
    const dot = text.lastIndexOf('.');
    if (dot >= 0) this.#namespace = text.slice(0, dot);
    if (text !== '*') this.#name = text.slice(dot + 1);
  }

  setVersions(versions: VersionList): void {
    if (this.#versions !== undefined) throw usage('a spec has one version attribute: join versions with commas');
    this.#versions = versions;
  }

  setHash(hash: string): void {
    this.#hash = hash;
  }

  addBoolean(name: string, value: boolean, propagate: boolean): void {
    const isFlag = FLAG_KINDS.includes(name as FlagKind);
    if (isFlag || isArchitectureKey(name) || name === 'namespace')
      throw usage(`${name} takes a value: write ${name}=…`);
    if (propagate) refusePropagation(name);
    this.#addVariant(name, booleanVariant(value, { propagate }));
  }

  addKeyValue(attribute: KeyValue): void {
    const { key, value, propagate } = attribute;
    if (FLAG_KINDS.includes(key as FlagKind)) {
      this.#addFlags(key as FlagKind, value, propagate);
      return;
    }
    if (propagate) refusePropagation(key);
    if (key === 'namespace') this.#namespace = value;
    else if (isArchitectureKey(key)) this.#architecture = addArchitecture(this.#architecture, attribute, this.#host);
    else this.#addVariant(key, variantOf(attribute));
  }

  build(): Spec {
    return {
      ...EMPTY_SPEC,
      name: this.#name,
      namespace: this.#namespace,
      versions: this.#versions ?? EMPTY_SPEC.versions,
      variants: this.#variants,
      flags: this.#flags,
      architecture: this.#architecture,
      abstractHash: this.#hash,
    };
  }

  #addFlags(kind: FlagKind, text: string, propagate: boolean): void {
    const flags = parseFlags(text, propagate);
    if (flags.length === 0) return;
    const known = this.#flags.get(kind);
    if (known === undefined) this.#flags.set(kind, [...flags]);
    else known.push(...flags);
  }

  #addVariant(name: string, variant: VariantValue): void {
    if (this.#variants.has(name)) throw usage(`variant ${name} is given twice`);
    this.#variants.set(name, variant);
  }
}

/** Booleans by their text; everything else is a set of values, open unless written with `:=`. */
function variantOf({ value, propagate, concrete }: KeyValue): VariantValue {
  const lower = value.toLowerCase();
  if (lower === 'true' || lower === 'false') return booleanVariant(lower === 'true', { propagate });
  const values = value.split(',');
  if (!values.includes(ANY_VALUE)) return multiVariant(values, { concrete, propagate });
  if (values.length > 1) throw usage("the value '*' stands for any value and cannot be combined with others");
  return multiVariant([], { propagate });
}

function refusePropagation(key: string): void {
  const fixed = key === 'namespace' || isArchitectureKey(key) || RESERVED_VARIANTS.includes(key);
  if (fixed) throw usage(`${key} cannot be propagated`);
}

function usage(message: string): BerthError {
  return new BerthError('usage', 'ERR_SPEC_SYNTAX', message);
}
