import { BerthError, isBerthError } from '@berth/base';
import { constrain, parseSpec, type ParseOptions, satisfies, type Spec, formatSpec } from '@berth/spec';
import { configError, nearest } from '../errors.ts';
import { evaluateWhen, type WhenContext } from '../when.ts';
import { type ConfigNode, type ListNode, type MapNode, nodeAt, type Position } from '../yaml/node.ts';

/** One spec the user asks for, and where. */
export interface UserSpec {
  readonly text: string;
  readonly spec: Spec;
  readonly at: Position;
}

export interface SpecListOptions extends ParseOptions {
  readonly when: WhenContext;
  readonly maxSpecs?: number;
}

interface Item {
  readonly text: string;
  readonly at: Position;
}

type Definitions = ReadonlyMap<string, readonly Item[]>;

const MAX_SPECS = 100_000;

/**
 * Expands `specs:` with the lists of `definitions:` (configuration §17). Errors are `config` with file and line, also of
 * specs that cannot be parsed.
 */
export function expandSpecs(
  nodes: { readonly specs: ConfigNode | undefined; readonly definitions: ConfigNode | undefined },
  options: SpecListOptions,
): UserSpec[] {
  const expander = new Expander(options);
  expander.define(nodes.definitions);
  return expander.list(nodes.specs).map((item) => ({ ...item, spec: expander.parse(item) }));
}

/** The lists of `definitions:` by name, expanded. */
export function expandDefinitions(
  definitions: ConfigNode | undefined,
  options: SpecListOptions,
): ReadonlyMap<string, readonly string[]> {
  const expander = new Expander(options);
  const lists = expander.define(definitions);
  return new Map([...lists].map(([name, items]) => [name, items.map(({ text }) => text)]));
}

/** Expands lists in order; what was defined before can be referred to. */
class Expander {
  readonly #options: SpecListOptions;
  readonly #definitions = new Map<string, readonly Item[]>();
  #count = 0;

  constructor(options: SpecListOptions) {
    this.#options = options;
  }

  define(node: ConfigNode | undefined): Definitions {
    for (const definition of node?.kind === 'list' ? node.items : []) {
      if (definition.kind === 'map') this.#defineOne(definition);
    }
    return this.#definitions;
  }

  list(node: ConfigNode | undefined): Item[] {
    return node?.kind === 'list' ? node.items.flatMap((item) => this.#item(item)) : [];
  }

  parse({ text, at }: Item): Spec {
    try {
      return parseSpec(text, this.#options);
    } catch (cause) {
      if (!isBerthError(cause)) throw cause;
      throw configError(at, `${JSON.stringify(text)} is not a spec: ${cause.message}`, { cause, hint: cause.hint });
    }
  }

  #defineOne(definition: MapNode): void {
    const when = nodeAt(definition, ['when']);
    const names = [...definition.entries.values()].filter(({ key }) => key !== 'when');
    const [entry] = names;
    if (entry === undefined || names.length !== 1) {
      throw configError(definition.at, 'a definition has exactly one list name beside "when"');
    }
    if (when?.kind === 'scalar' && !evaluateWhen(when.text, this.#options.when)) return;
    const known = this.#definitions.get(entry.key) ?? [];
    this.#definitions.set(entry.key, [...known, ...this.list(entry.value)]);
  }

  #item(node: ConfigNode): readonly Item[] {
    if (node.kind === 'map') return this.#matrix(node);
    if (node.kind !== 'scalar' || node.type === 'null') return [];
    return this.#expand({ text: node.text, at: node.at });
  }

  /** `$name`, `$^name`, `$%name`: the elements of a list, with the sigil in front. */
  #expand(item: Item): readonly Item[] {
    const [, sigil = '', name] = /^\$([%^]?)(\w[\w-]*)$/.exec(item.text) ?? [];
    if (name === undefined) return this.#counted([item]);
    const list = this.#definitions.get(name);
    if (list === undefined) throw this.#undefined(item, name);
    return this.#counted(list.map(({ text }) => ({ text: sigil + text, at: item.at })));
  }

  #undefined(item: Item, name: string): BerthError {
    const near = nearest(name, this.#definitions.keys());
    return configError(item.at, `the list $${name} is not defined`, {
      hint: near === undefined ? 'Define it under "definitions:", before it is used.' : `Did you mean "$${near}"?`,
    });
  }

  /** The last row varies fastest; each combination is constrained in the order of the rows. */
  #matrix(node: MapNode): readonly Item[] {
    const rows = (nodeAt(node, ['matrix']) as ListNode).items.map((row) =>
      this.list(row).map((item) => ({ ...item, spec: this.parse(item) })),
    );
    const excluded = this.list(nodeAt(node, ['exclude'])).map((item) => this.parse(item));
    const size = rows.reduce((product, row) => product * row.length, rows.length === 0 ? 0 : 1);
    this.#checkSize(size, node.at);
    let combined: (Spec | undefined)[] = [undefined];
    for (const row of rows) {
      combined = combined.flatMap((left) => row.map(({ spec, at }) => this.#combine(left, spec, at)));
    }
    const kept = size === 0 ? [] : combined.filter((spec) => spec !== undefined);
    const wanted = kept.filter((spec) => !excluded.some((exclusion) => satisfies(spec, exclusion)));
    return this.#counted(wanted.map((spec) => ({ text: formatSpec(spec), at: node.at })));
  }

  #combine(left: Spec | undefined, right: Spec, at: Position): Spec {
    if (left === undefined) return right;
    try {
      return constrain(left, right).spec;
    } catch (cause) {
      if (!isBerthError(cause)) throw cause;
      throw configError(at, `this matrix cannot be combined: ${cause.message}`, { cause });
    }
  }

  #counted(items: readonly Item[]): readonly Item[] {
    this.#count += items.length;
    this.#checkSize(this.#count, items[0]?.at);
    return items;
  }

  #checkSize(count: number, at: Position | undefined): void {
    const max = this.#options.maxSpecs ?? MAX_SPECS;
    if (count <= max) return;
    const place = at === undefined ? '' : ` ${at.file}:${at.line ?? 0}`;
    throw new BerthError('limit', 'ERR_LIMIT', `configuration:${place}: the lists expand to more than ${max} specs`);
  }
}
