import { BerthError } from '@berth/base';
import { packageOfCompiler } from '../legacy-names.ts';
import { type ConcreteSpec, type Spec, type SpecEdge } from '../spec.ts';
import { parseVersionList } from '../version/version-list.ts';
import { type HostArchitecture } from './architecture.ts';
import { Draft } from './draft.ts';
import { addEdgeAttribute, NO_EDGE_ATTRIBUTES, sortedNames, type EdgeAttributes } from './edge-attributes.ts';
import { parseKeyValue, unquote } from './key-value.ts';
import { NodeBuilder } from './node-builder.ts';
import { TokenStream } from './token-stream.ts';
import { type Token } from './tokenize.ts';
import { expandToolchain, type Toolchain } from './toolchains.ts';

export interface ParseOptions {
  /** What `os=default_os`, `target=backend` and the like stand for; without it they are errors. */
  readonly host?: HostArchitecture | undefined;
  /** Names that `%name` and `%%name` replace. */
  readonly toolchains?: ReadonlyMap<string, Toolchain> | undefined;
  /** Reads `./zlib.json`; without it file names are errors. */
  readonly loadFile?: ((path: string) => ConcreteSpec) | undefined;
}

/** Sigil, brackets and `c,cxx=gcc` in front of a dependency. */
interface EdgeStart extends EdgeAttributes {
  readonly token: Token;
  readonly direct: boolean;
  readonly propagate: boolean;
  /** The name behind `=`. */
  readonly provider: string | undefined;
  readonly brackets: boolean;
}

/** Reads the specs of one text; see the grammar in spec-syntax §2. */
export class SpecParser {
  readonly #stream: TokenStream;
  readonly #options: ParseOptions;

  constructor(input: string, options: ParseOptions) {
    this.#stream = new TokenStream(input);
    this.#options = options;
  }

  readAll(): Spec[] {
    const specs: Spec[] = [];
    while (!this.#stream.isDone()) specs.push(this.#readSpec());
    return specs;
  }

  /** The only spec of the text; `undefined` for a blank text. */
  readOne(): Spec | undefined {
    if (this.#stream.isDone()) return undefined;
    const spec = this.#readSpec();
    if (!this.#stream.isDone()) throw this.#stream.error('one spec is expected, and another one begins here');
    return spec;
  }

  #readSpec(): Spec {
    const first = this.#stream.peek();
    const root = new Draft(this.#readNode());
    let current = root;
    let pending: EdgeStart | undefined;
    for (let start = this.#readEdgeStart(); start !== undefined; start = this.#readEdgeStart()) {
      if (start.direct) {
        this.#readDirect(current, start);
        continue;
      }
      this.#attach(root, pending, current);
      current = new Draft(this.#readDependency(start));
      pending = start;
    }
    this.#attach(root, pending, current);
    if (this.#stream.peek() === first) throw this.#stream.error('a spec cannot begin like this');
    return root.build();
  }

  /** Hooks a finished `^` dependency to the root. */
  #attach(root: Draft, start: EdgeStart | undefined, child: Draft): void {
    if (start !== undefined)
      this.#stream.at(start.token, () => {
        root.add(edgeTo(child.build(), start));
      });
  }

  #readDirect(parent: Draft, start: EdgeStart): void {
    const toolchain = this.#takeToolchain(start);
    if (toolchain !== undefined) {
      this.#stream.at(start.token, () => {
        parent.constrain(this.#expand(toolchain, start.propagate));
      });
      return;
    }
    const child = this.#readDependency(start);
    const name = child.name === undefined || child.concrete ? child.name : packageOfCompiler(child.name);
    this.#stream.at(start.token, () => {
      parent.add(edgeTo(name === child.name ? child : { ...child, name }, start));
    });
  }

  #readDependency(start: EdgeStart): Spec {
    if (start.provider === undefined && this.#stream.isDone()) {
      throw this.#stream.error('a dependency is missing behind this', start.token);
    }
    return this.#readNode(start.provider);
  }

  #readEdgeStart(): EdgeStart | undefined {
    const token = this.#stream.take('DEPENDENCY', 'START_EDGE_PROPERTIES');
    if (token === undefined) return undefined;
    const direct = token.text.startsWith('%');
    const propagate = token.text.startsWith('%%');
    const brackets = token.kind === 'START_EDGE_PROPERTIES';
    if (!brackets) {
      const assignment = token.text.slice(propagate ? 2 : 1);
      return { token, direct, propagate, brackets, ...this.#provided(token, NO_EDGE_ATTRIBUTES, assignment) };
    }
    let attributes = NO_EDGE_ATTRIBUTES;
    for (
      let pair = this.#stream.take('KEY_VALUE_PAIR');
      pair !== undefined;
      pair = this.#stream.take('KEY_VALUE_PAIR')
    ) {
      attributes = this.#addAttribute(attributes, pair);
    }
    const end = this.#stream.take('END_EDGE_PROPERTIES');
    if (end === undefined) throw this.#stream.error('the attributes of an edge are key=value pairs and end with "]"');
    return { token, direct, propagate, brackets, ...this.#provided(end, attributes, end.text.slice(1)) };
  }

  #addAttribute(attributes: EdgeAttributes, pair: Token): EdgeAttributes {
    return this.#stream.at(pair, () =>
      addEdgeAttribute(attributes, parseKeyValue(pair.text, false), (text) => this.#parseOne(unquote(text))),
    );
  }

  /** Adds the virtuals of ` c,cxx=gcc`, which may be blank. */
  #provided(
    token: Token,
    attributes: EdgeAttributes,
    assignment: string,
  ): EdgeAttributes & Pick<EdgeStart, 'provider'> {
    const [virtuals, provider] = assignment.trim().split('=');
    if (virtuals === undefined || provider === undefined) return { ...attributes, provider: undefined };
    const names = this.#stream.at(token, () => sortedNames([...attributes.virtuals, ...virtuals.split(',')]));
    return { ...attributes, virtuals: names, provider };
  }

  #takeToolchain({ provider, brackets }: EdgeStart): Toolchain | undefined {
    const token = this.#stream.peek();
    const toolchain = token && this.#options.toolchains?.get(token.text);
    if (toolchain === undefined || brackets || provider !== undefined) return undefined;
    if (token?.kind !== 'UNQUALIFIED_PACKAGE_NAME')
      throw this.#stream.error('the name of a toolchain cannot have this form');
    this.#stream.take();
    return toolchain;
  }

  #expand(toolchain: Toolchain, propagate: boolean): Spec {
    return expandToolchain(toolchain, { propagate, parse: (text) => this.#parseOne(text) });
  }

  /** A spec inside a spec: toolchains and files are not for it. */
  #parseOne(text: string): Spec {
    const spec = new SpecParser(text, { host: this.#options.host }).readOne();
    if (spec === undefined) throw new BerthError('usage', 'ERR_SPEC_SYNTAX', 'one spec is expected, and there is none');
    return spec;
  }

  #readNode(provider?: string): Spec {
    const file = provider === undefined ? this.#stream.take('FILENAME') : undefined;
    if (file !== undefined) return this.#stream.at(file, () => this.#loadFile(file.text));
    const builder = new NodeBuilder(this.#options.host);
    const name = provider ?? this.#stream.take('UNQUALIFIED_PACKAGE_NAME', 'FULLY_QUALIFIED_PACKAGE_NAME')?.text;
    if (name !== undefined) builder.setName(name);
    for (let token = this.#takeAttribute(builder); token !== undefined; token = this.#takeAttribute(builder)) {
      const attribute = token;
      this.#stream.at(attribute, () => {
        addAttribute(builder, attribute);
      });
    }
    return builder.build();
  }

  /** A second hash begins another spec. */
  #takeAttribute(builder: NodeBuilder): Token | undefined {
    return this.#stream.take(
      'VERSION_HASH_PAIR',
      'GIT_VERSION',
      'VERSION',
      'BOOL_VARIANT',
      'PROPAGATED_BOOL_VARIANT',
      'KEY_VALUE_PAIR',
      'PROPAGATED_KEY_VALUE_PAIR',
      ...(builder.hasHash ? [] : (['DAG_HASH'] as const)),
    );
  }

  #loadFile(path: string): ConcreteSpec {
    const { loadFile } = this.#options;
    if (loadFile === undefined) throw new BerthError('usage', 'ERR_SPEC_SYNTAX', 'spec files cannot be read here');
    return loadFile(path);
  }
}

function edgeTo(spec: Spec, { virtuals, types, when, direct, propagate }: EdgeStart): SpecEdge {
  return { spec, virtuals, types, when, direct, propagate };
}

function addAttribute(builder: NodeBuilder, { kind, text }: Token): void {
  const propagated = kind === 'PROPAGATED_BOOL_VARIANT' || kind === 'PROPAGATED_KEY_VALUE_PAIR';
  switch (kind) {
    case 'BOOL_VARIANT':
    case 'PROPAGATED_BOOL_VARIANT':
      builder.addBoolean(text.slice(propagated ? 2 : 1).trim(), text.startsWith('+'), propagated);
      return;
    case 'KEY_VALUE_PAIR':
    case 'PROPAGATED_KEY_VALUE_PAIR':
      builder.addKeyValue(parseKeyValue(text, propagated));
      return;
    case 'DAG_HASH':
      builder.setHash(text.slice(1));
      return;
    default:
      builder.setVersions(parseVersionList(text.slice(1).trim()));
  }
}
