import { BerthError } from '@berth/base';
import { isEmptySpec } from '../abstract-spec.ts';
import { DEP_TYPES, type DepType, type Spec } from '../spec.ts';
import { compareCodePoints } from '../variant/variant.ts';
import { type KeyValue } from './key-value.ts';

/** What stands between a sigil and the node behind it. */
export interface EdgeAttributes {
  readonly virtuals: readonly string[];
  readonly types: readonly DepType[];
  readonly when: Spec | undefined;
}

export const NO_EDGE_ATTRIBUTES: EdgeAttributes = { virtuals: [], types: [], when: undefined };

const VIRTUAL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;

/**
 * The attributes after one more `key=value` of the brackets (spec-syntax §2 rule 4). A key given again counts.
 * @throws BerthError `usage` ERR_SPEC_SYNTAX
 */
export function addEdgeAttribute(
  attributes: EdgeAttributes,
  { key, value }: KeyValue,
  parseCondition: (text: string) => Spec,
): EdgeAttributes {
  const text = value.trim();
  const items = text.split(',');
  if (key === 'virtuals') return { ...attributes, virtuals: sortedNames(items) };
  if (key === 'deptypes') return { ...attributes, types: depTypes(items) };
  if (key !== 'when') throw usage(`${key} is not an attribute of an edge: use virtuals, deptypes or when`);
  if (items.length > 1) throw usage('the condition of an edge cannot have a comma');
  const when = parseCondition(text);
  return { ...attributes, when: isEmptySpec(when) ? undefined : when };
}

/** Checked, sorted, without duplicates. */
export function sortedNames(names: readonly string[]): readonly string[] {
  const bad = names.find((name) => !VIRTUAL_NAME.test(name));
  if (bad !== undefined) throw usage(`${JSON.stringify(bad)} is not the name of a virtual package`);
  return [...new Set(names)].sort(compareCodePoints);
}

function depTypes(items: readonly string[]): readonly DepType[] {
  const unknown = items.find((item) => !DEP_TYPES.includes(item as DepType));
  if (unknown !== undefined) throw usage(`${JSON.stringify(unknown)} is not one of the types ${DEP_TYPES.join(', ')}`);
  return DEP_TYPES.filter((type) => items.includes(type));
}

function usage(message: string): BerthError {
  return new BerthError('usage', 'ERR_SPEC_SYNTAX', message);
}
