import { specHash } from '../concrete/abstract-node.ts';
import { formatFlags, formatVariant, formatVariants } from '../print/node.ts';
import { isConcrete, type ConcreteSpec, type Spec } from '../spec.ts';
import { targetByName, targetFamily } from '../target/target.ts';
import { isOn, type VariantValue } from '../variant/variant.ts';
import { upTo, withSeparator } from '../version/derived.ts';
import { concreteVersion, formatVersionList, isAnyVersion, type VersionList } from '../version/version-list.ts';
import { plainVersion, type ConcreteVersion } from '../version/version.ts';
import { compilerOf, formatCompilers } from './compilers.ts';

/** Facts that a spec does not hold itself; a field that needs a missing one is an error. */
export interface FormatContext {
  readonly prefixOf?: (spec: ConcreteSpec) => string;
  readonly isInstalled?: (spec: ConcreteSpec) => boolean;
  readonly spackRoot?: string;
  /** Root of the install tree. */
  readonly installRoot?: string;
}

export interface AttributeQuery {
  readonly spec: Spec;
  /** The names behind the first one. */
  readonly rest: readonly string[];
  readonly context: FormatContext;
}

/** Text to print, or the marks of no value (neither it nor its sigil is printed), of one that stands alone, of an error. */
export type AttributeValue = string | typeof NOTHING | Verbatim | Unknown;
export const NOTHING = undefined;

/** Printed without its sigil. */
export interface Verbatim {
  readonly verbatim: string;
}

export interface Unknown {
  readonly unknown: string;
}

type Attribute = (query: AttributeQuery) => AttributeValue;

const UNKNOWN: Unknown = { unknown: 'there is no such attribute' };

/** An attribute without attributes of its own. */
function plain(value: (spec: Spec, context: FormatContext) => AttributeValue): Attribute {
  return ({ spec, context, rest }) => (rest.length === 0 ? value(spec, context) : UNKNOWN);
}

const boolean = (value: boolean): string => (value ? 'True' : 'False');

const ATTRIBUTES: Readonly<Record<string, Attribute>> = {
  name: plain(({ name }) => name ?? ''),
  fullname: plain(({ name = '', namespace }) => (namespace === undefined ? name : `${namespace}.${name}`)),
  namespace: plain(({ namespace }) => namespace),
  namespace_if_anonymous: plain(({ name, namespace }) => (name === undefined ? namespace : NOTHING)),
  version: ({ spec, rest }) => versionAttribute(spec.versions, rest),
  versions: plain(({ versions }) => versionsText(versions)),
  variants: variantsAttribute,
  compiler_flags: plain(({ flags }) => formatFlags(flags)),
  architecture: architectureAttribute,
  arch: architectureAttribute,
  platform: architecturePart,
  os: architecturePart,
  target: architecturePart,
  compiler: compilerAttribute,
  compilers: plain(formatCompilers),
  hash: plain(specHash),
  abstract_hash: plain(({ abstractHash }) => abstractHash),
  prefix: prefixAttribute,
  spack_root: plain((_spec, { spackRoot }) => spackRoot ?? unknownHere('spack_root')),
  spack_install: plain((_spec, { installRoot }) => installRoot ?? unknownHere('spack_install')),
  installed: plain(installedText),
  external: plain((spec) => boolean(isConcrete(spec) && spec.external !== undefined)),
  concrete: plain(({ concrete }) => boolean(concrete)),
  specfile_version: plain((spec) => `v${isConcrete(spec) ? spec.annotations.originalSpecfileVersion : 5}`),
};

/** The value of a dotted attribute of a spec (cli §5.2). */
export function attributeOf(spec: Spec, path: readonly string[], context: FormatContext): AttributeValue {
  const [head = '', ...rest] = path;
  const attribute = Object.hasOwn(ATTRIBUTES, head) ? ATTRIBUTES[head] : undefined;
  if (attribute === undefined) return UNKNOWN;
  if (head === 'platform' || head === 'os' || head === 'target') return architecturePart({ spec, rest: path, context });
  return attribute({ spec, rest, context });
}

const VERSION_FORMS: Readonly<Record<string, (version: ConcreteVersion) => string>> = {
  string: ({ text }) => text,
  dotted: (version) => withSeparator(plainVersion(version), '.'),
  dashed: (version) => withSeparator(plainVersion(version), '-'),
  underscored: (version) => withSeparator(plainVersion(version), '_'),
  joined: (version) => withSeparator(plainVersion(version), ''),
  up_to_1: (version) => upTo(plainVersion(version), 1).text,
  up_to_2: (version) => upTo(plainVersion(version), 2).text,
  up_to_3: (version) => upTo(plainVersion(version), 3).text,
};

function versionAttribute(versions: VersionList, [form, ...more]: readonly string[]): AttributeValue {
  const version = concreteVersion(versions);
  if (form === undefined) return version?.text ?? versionsText(versions);
  if (isAnyVersion(versions)) return NOTHING;
  const print = Object.hasOwn(VERSION_FORMS, form) ? VERSION_FORMS[form] : undefined;
  return version === undefined || print === undefined || more.length > 0 ? UNKNOWN : print(version);
}

function versionsText(versions: VersionList): string | undefined {
  return isAnyVersion(versions) ? NOTHING : formatVersionList(versions);
}

function variantsAttribute({ spec, rest }: AttributeQuery): AttributeValue {
  const [name, part, ...more] = rest;
  if (name === undefined) return formatVariants(spec.variants);
  const variant = spec.variants.get(name);
  if (variant === undefined) return { unknown: `there is no variant ${name}` };
  if (more.length > 0) return UNKNOWN;
  if (part === undefined) return formatVariant(name, variant);
  if (part === 'name') return name;
  return part === 'value' ? variantValueText(variant) : UNKNOWN;
}

/** As a Python value prints: format strings are shared with programs that expect it so. */
function variantValueText(variant: VariantValue): string {
  if (variant.type === 'boolean') return boolean(isOn(variant));
  if (variant.type === 'single') return variant.values[0] ?? '';
  const items = variant.values.map((value) => (value.includes("'") ? JSON.stringify(value) : `'${value}'`));
  return `(${items.join(', ')}${items.length === 1 ? ',' : ''})`;
}

function architectureAttribute({ spec, rest, context }: AttributeQuery): AttributeValue {
  const { platform, os, target } = spec.architecture;
  if (rest.length > 0) return isUnset(spec) && isPart(rest[0]) ? NOTHING : architecturePart({ spec, rest, context });
  return isUnset(spec) ? NOTHING : [platform, os, target].map((part) => part ?? 'None').join('-');
}

/** `rest` starts with the part: `platform`, `os` or `target`. */
function architecturePart({ spec, rest: [part, sub, ...more] }: AttributeQuery): AttributeValue {
  if (isUnset(spec) || !isPart(part) || more.length > 0) return UNKNOWN;
  const value = spec.architecture[part];
  if (sub === undefined || value === undefined) return value;
  return part === 'target' ? targetAttribute(value, sub) : UNKNOWN;
}

function targetAttribute(name: string, attribute: string): AttributeValue {
  if (attribute === 'name') return name;
  if (attribute === 'family') return targetFamily(name);
  return attribute === 'vendor' ? targetByName(name).vendor : UNKNOWN;
}

function isPart(name: string | undefined): name is 'platform' | 'os' | 'target' {
  return name === 'platform' || name === 'os' || name === 'target';
}

function isUnset({ architecture: { platform, os, target } }: Spec): boolean {
  return (platform ?? os ?? target) === undefined;
}

function compilerAttribute({ spec, rest }: AttributeQuery): AttributeValue {
  const compiler = compilerOf(spec);
  if (compiler === undefined) return { verbatim: 'none' };
  const [part, ...more] = rest;
  if (part === undefined) return compiler.text;
  if (part === 'version') return versionAttribute(compiler.versions, more);
  if (more.length > 0) return UNKNOWN;
  if (part === 'name') return compiler.name;
  return part === 'versions' ? versionsText(compiler.versions) : UNKNOWN;
}

function prefixAttribute({ spec, rest, context }: AttributeQuery): AttributeValue {
  if (context.prefixOf === undefined || !isConcrete(spec)) return unknownHere('prefix');
  return [context.prefixOf(spec), ...rest].join('/');
}

function installedText(spec: Spec, { isInstalled }: FormatContext): AttributeValue {
  if (!isConcrete(spec)) return boolean(false);
  return isInstalled === undefined ? unknownHere('installed') : boolean(isInstalled(spec));
}

function unknownHere(name: string): Unknown {
  return { unknown: `${name} is not known here` };
}
