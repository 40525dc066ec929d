import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '@berth/base';
import { type ConfigNode, formatYaml, mapNode, stringNode } from '@berth/config';

const NOWHERE = { file: 'spec' };

/** A JSON document as YAML in block style: members in their order, numbers as they are written. */
export function formatYamlDocument(document: JsonValue): string {
  return formatYaml(nodeOf(document));
}

function nodeOf(value: JsonValue): ConfigNode {
  const at = NOWHERE;
  if (typeof value === 'string') return stringNode(value, at);
  if (value instanceof JsonNumber) {
    return { kind: 'scalar', type: 'number', value: value.value, text: value.token, at };
  }
  if (isJsonArray(value)) return { kind: 'list', items: value.map(nodeOf), flow: false, at };
  if (isJsonObject(value)) {
    const entries = [...value].map(([key, item]) => ({ key, mark: 'merge', keyAt: at, value: nodeOf(item) }) as const);
    return mapNode(entries, at);
  }
  if (value === null) return { kind: 'scalar', type: 'null', value, text: 'null', at };
  return { kind: 'scalar', type: 'boolean', value, text: String(value), at };
}
