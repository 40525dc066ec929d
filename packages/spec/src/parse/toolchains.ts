import { BerthError } from '@berth/base';
import { EMPTY_SPEC } from '../abstract-spec.ts';
import { constrain } from '../relations/constrain.ts';
import { type Spec, type SpecEdge } from '../spec.ts';

/** One part of a toolchain: its edges count where `when` can hold. */
export interface ToolchainEntry {
  readonly spec: string;
  readonly when?: string | undefined;
}

/** A named set of direct dependencies and other constraints (spec-syntax §10). */
export type Toolchain = string | readonly ToolchainEntry[];

/**
 * The spec that `%name` stands for.
 * @throws BerthError `usage` ERR_TOOLCHAIN
 */
export function expandToolchain(
  definition: Toolchain,
  options: { readonly propagate: boolean; readonly parse: (text: string) => Spec },
): Spec {
  const entries = typeof definition === 'string' ? [{ spec: definition }] : definition;
  return entries
    .map((entry) => expandEntry(entry, options))
    .reduce((all, spec) => constrain(all, spec).spec, EMPTY_SPEC);
}

function expandEntry(
  { spec: text, when }: ToolchainEntry,
  { propagate, parse }: { readonly propagate: boolean; readonly parse: (text: string) => Spec },
): Spec {
  const spec = parse(text);
  if (spec.dependencies.some(({ direct }) => !direct)) {
    throw new BerthError('usage', 'ERR_TOOLCHAIN', `a toolchain cannot use '^', and this one contains "${text}"`);
  }
  const condition = when === undefined ? undefined : parse(when);
  return { ...spec, dependencies: spec.dependencies.map((edge) => qualify(edge, condition, propagate)) };
}

function qualify(edge: SpecEdge, condition: Spec | undefined, propagate: boolean): SpecEdge {
  const when = condition === undefined ? edge.when : constrain(edge.when ?? EMPTY_SPEC, condition).spec;
  return { ...edge, when, propagate: propagate || edge.propagate };
}
