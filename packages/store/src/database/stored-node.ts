import { formatJson, isJsonArray, isJsonObject, type JsonObject, type JsonValue, parseStrictJson } from '@berth/base';
import { type ConcreteSpec, type DagHash } from '@berth/spec';

export interface StoredEdge {
  readonly hash: DagHash;
  readonly types: ReadonlySet<string>;
}

/** The node of a record: its text, and what it says once somebody asks. */
export class StoredNode {
  readonly text: string;
  readonly #fail: (why: string, cause?: unknown) => Error;
  #json: JsonObject | undefined;
  #edges: readonly StoredEdge[] | undefined;

  constructor(text: string, fail: (why: string, cause?: unknown) => Error) {
    this.text = text;
    this.#fail = fail;
  }

  /** As it is stored, `hash` included. Throws ERR_DATABASE_FORMAT when the text is damaged. */
  get json(): JsonObject {
    this.#json ??= this.#parse();
    return this.#json;
  }

  get name(): string {
    const name = NAME_FIRST.exec(this.text)?.[1] ?? this.json.get('name');
    if (typeof name !== 'string') throw this.#fail('its spec has no name');
    return name;
  }

  /** Its dependencies of all types: enough for reference counts, without building specs. */
  get edges(): readonly StoredEdge[] {
    this.#edges ??= readEdges(this.json);
    return this.#edges;
  }

  #parse(): JsonObject {
    let value: JsonValue;
    try {
      value = parseStrictJson(this.text, { what: 'node', kind: 'index' });
    } catch (cause) {
      throw this.#fail('its spec is damaged', cause);
    }
    if (!isJsonObject(value)) throw this.#fail('its spec is not an object');
    return value;
  }
}

/** The node of a spec, in the form it is stored in. */
export function storedNodeOf(spec: ConcreteSpec): StoredNode {
  return new StoredNode(formatJson(spec.node), (why, cause) => new Error(`${spec.name}: ${why}`, { cause }));
}

/** Spack writes the name first: reading it costs no parsing then. */
const NAME_FIRST = /^\{\s*"name"\s*:\s*"([^"\\]+)"/;

function readEdges(node: JsonObject): readonly StoredEdge[] {
  const dependencies = node.get('dependencies');
  return isJsonArray(dependencies) ? dependencies.flatMap(readEdge) : [];
}

function readEdge(entry: JsonValue): StoredEdge[] {
  if (!isJsonObject(entry)) return [];
  const hash = entry.get('hash');
  const parameters = entry.get('parameters');
  // Format 3 has the types beside the hash.
  const types = isJsonObject(parameters) ? parameters.get('deptypes') : entry.get('type');
  if (typeof hash !== 'string') return [];
  const names = isJsonArray(types) ? types.filter((type): type is string => typeof type === 'string') : [];
  return [{ hash: hash as DagHash, types: new Set(names) }];
}
