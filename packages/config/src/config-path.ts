import { BerthError } from '@berth/base';
import { type ConfigNode, type KeyMark, type MapNode, mapNode, type Position, stringNode } from './yaml/node.ts';
import { parseYamlValue } from './yaml/parse.ts';

/** One element of a configuration path: `packages:`, `version+:`, `'a:b'::`. */
export interface PathElement {
  readonly name: string;
  readonly mark: KeyMark;
  readonly quoted: boolean;
}

const POSITION: Position = { file: 'command_line' };
const ELEMENT = /(?:'([^']*)'|"([^"]*)"|([^:'"]+?))([+-]?)(::|:|$)/y;
const MARKS: Readonly<Record<string, KeyMark>> = { '+': 'prepend', '-': 'append' };

/**
 * Splits `packages:all:require::[x]` at its colons (configuration §7). Whatever does not go on as an element must be YAML
 * and is the last element. Rejects an empty path and a second `::` with ERR_CONFIG_PATH.
 */
export function parseConfigPath(text: string): PathElement[] {
  if (text === '' || text.startsWith(':')) throw pathError(text, 'it has no first element');
  const elements: PathElement[] = [];
  let at = 0;
  while (at < text.length) {
    const read = readElement(text, at);
    elements.push(read.element);
    at = read.next;
  }
  if (elements.filter(({ mark }) => mark === 'override').length > 1) throw pathError(text, 'only one "::" is allowed');
  return elements;
}

function readElement(text: string, at: number): { readonly element: PathElement; readonly next: number } {
  ELEMENT.lastIndex = at;
  const match = ELEMENT.exec(text);
  if (match === null) return restAsYaml(text, at);
  const [, single, double, bare, sign = '', colons = ''] = match;
  const next = ELEMENT.lastIndex;
  // One colon at the very end overrides too.
  const override = colons === '::' || (colons === ':' && next === text.length);
  const quoted = bare === undefined;
  const name = single ?? double ?? bare ?? '';
  // A sign before the end of the text belongs to the value: `variants:-x` has no mark, `c:x+` neither.
  if (colons === '') return { element: { name: name + sign, mark: 'merge', quoted }, next };
  return { element: { name, mark: override ? 'override' : (MARKS[sign] ?? 'merge'), quoted }, next };
}

function restAsYaml(text: string, at: number): { readonly element: PathElement; readonly next: number } {
  const name = text.slice(at);
  try {
    parseYamlValue(name, { file: 'command_line', inMemory: true });
  } catch (cause) {
    throw pathError(text, `"${name}" is neither an element nor a value in YAML`, cause);
  }
  return { element: { name, mark: 'merge', quoted: false }, next: text.length };
}

function pathError(text: string, why: string, cause?: unknown): BerthError {
  return new BerthError('usage', 'ERR_CONFIG_PATH', `configuration path ${JSON.stringify(text)}: ${why}`, {
    hint: 'Write section:key:value, and put quotes around a key or a value that contains a colon.',
    cause,
  });
}

/** A path that ends in a value: `config:build_jobs:4`. */
export interface ConfigSetting {
  readonly keys: readonly PathElement[];
  readonly value: ConfigNode;
}

/** Reads `path:value`; a value in quotes is text, any other is YAML (configuration §7). */
export function parseConfigSetting(text: string, at: Position = POSITION): ConfigSetting {
  const elements = parseConfigPath(text);
  const last = elements.at(-1);
  if (last === undefined || elements.length < 2) throw pathError(text, 'it names no value');
  if (last.mark !== 'merge') throw pathError(text, 'it ends in a key, not in a value');
  const value = last.quoted
    ? stringNode(last.name, at)
    : (parseYamlValue(last.name, { file: at.file, inMemory: true }) ?? stringNode('', at));
  return { keys: elements.slice(0, -1), value };
}

/** `value` under `keys`, as one nested mapping that can be merged into a scope. */
export function nestSetting(keys: readonly PathElement[], value: ConfigNode, at: Position = POSITION): MapNode {
  let node = value;
  for (const { name, mark } of [...keys].reverse()) node = mapNode([{ key: name, mark, keyAt: at, value: node }], at);
  return node as MapNode;
}
