import {
  formatSpec,
  formatVersionElement,
  isAnyVersion,
  type Spec,
  type SpecEdge,
  type VariantValue,
} from '../src/index.ts';

/** A spec as the language vectors describe it: only what is set. */
export function structureOf(spec: Spec): unknown {
  const { name, namespace, versions, variants, flags, architecture, abstractHash, dependencies } = spec;
  return compact({
    name,
    namespace,
    versions: isAnyVersion(versions) ? undefined : versions.elements.map(formatVersionElement),
    variants: table(variants, variantStructure),
    flags: table(flags, (list) => list.map(({ flag, propagate }) => [flag, propagate])),
    platform: architecture.platform,
    os: architecture.os,
    target: architecture.target,
    hash: abstractHash,
    deps: dependencies.length === 0 ? undefined : dependencies.map(edgeStructure),
  });
}

function edgeStructure({ spec, types, virtuals, direct, when, propagate }: SpecEdge): unknown {
  return compact({
    direct,
    spec: structureOf(spec),
    virtuals: virtuals.length === 0 ? undefined : virtuals,
    types: types.length === 0 ? undefined : types,
    when: when && formatSpec(when),
    propagate: propagate || undefined,
  });
}

function variantStructure({ type, values, concrete, propagate }: VariantValue): unknown {
  if (type === 'boolean')
    return compact({ type: 'bool', values: [values[0] === 'true'], propagate: propagate || undefined });
  return compact({ type, values, concrete, propagate: propagate || undefined });
}

function table<T>(map: ReadonlyMap<string, T>, describe: (value: T) => unknown): unknown {
  return map.size === 0 ? undefined : Object.fromEntries([...map].map(([key, value]) => [key, describe(value)]));
}

function compact(object: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
