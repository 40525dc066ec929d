import { BerthError } from '@berth/base';
import { architectureOf, type ProcessVariables, type HostFacts } from './host.ts';

/** A value of a `when` expression. */
type WhenValue = string | boolean | null | readonly WhenValue[];

export interface WhenContext {
  readonly env: ProcessVariables;
  readonly host: HostFacts;
}

/**
 * Evaluates a `when` expression of `include` and `definitions` (configuration §5.3): comparisons, `in`, `and`, `or`,
 * `not`, text and list literals, `env[…]`, `env.get(…)`, `re.match`/`re.search`, `.startswith`, `.endswith`. Nothing else
 * is run; an expression outside this language is ERR_WHEN.
 */
export function evaluateWhen(expression: string, context: WhenContext): boolean {
  const evaluator = new Evaluator(expression, tokenize(expression), context);
  return truthy(evaluator.whole());
}

type TokenKind = 'name' | 'text' | 'operator' | 'end';
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const TOKEN = /\s*(?:(r?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))|([A-Za-z_]\w*)|(==|!=|[()[\],.]))/y;
const MAX_LENGTH = 10_000;
const MAX_DEPTH = 100;

function tokenize(expression: string): Token[] {
  if (expression.length > MAX_LENGTH) throw whenError(expression, `longer than ${MAX_LENGTH} characters`);
  const tokens: Token[] = [];
  let at = 0;
  const end = expression.trimEnd().length;
  while (at < end) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(expression);
    if (match === null) throw whenError(expression, `unexpected ${JSON.stringify(expression.slice(at, at + 10))}`);
    const [, text, name, operator] = match;
    if (text !== undefined) tokens.push({ kind: 'text', text: unquote(text) });
    else tokens.push(name === undefined ? { kind: 'operator', text: operator ?? '' } : { kind: 'name', text: name });
    at = TOKEN.lastIndex;
  }
  return tokens;
}

function unquote(literal: string): string {
  if (literal.startsWith('r')) return literal.slice(2, -1);
  return literal.slice(1, -1).replace(/\\(['"\\])/g, '$1');
}

function whenError(expression: string, why: string, cause?: unknown): BerthError {
  return new BerthError('config', 'ERR_WHEN', `when expression ${JSON.stringify(expression.slice(0, 200))}: ${why}`, {
    hint: 'Allowed are ==, !=, in, not in, and, or, not, lists, platform, os, target, arch, hostname, env and re.',
    cause,
  });
}

function truthy(value: WhenValue): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

/** Recursive descent in Python's order of precedence. Both sides of `and`/`or` are parsed; only what counts is evaluated. */
class Evaluator {
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  readonly #context: WhenContext;
  readonly #names: ReadonlyMap<string, WhenValue>;
  #at = 0;
  #depth = 0;
  #live = true;

  constructor(expression: string, tokens: readonly Token[], context: WhenContext) {
    this.#expression = expression;
    this.#tokens = tokens;
    this.#context = context;
    const { host } = context;
    const architecture = architectureOf(host);
    this.#names = new Map<string, WhenValue>([
      ['True', true],
      ['False', false],
      ['None', null],
      ['platform', host.platform],
      ['os', host.os],
      ['target', host.target],
      ['hostname', host.hostname],
      ['arch', architecture],
      ['architecture', architecture],
      ['arch_str', `platform=${host.platform} os=${host.os} target=${host.target}`],
    ]);
  }

  whole(): WhenValue {
    const value = this.#or();
    if (this.#peek().kind !== 'end') this.#fail(`unexpected "${this.#peek().text}"`);
    return value;
  }

  #or(): WhenValue {
    if (++this.#depth > MAX_DEPTH) this.#fail('nested too deeply');
    let value = this.#and();
    while (this.#take('or')) {
      const right = this.#muted(truthy(value), () => this.#and());
      if (!truthy(value)) value = right;
    }
    this.#depth -= 1;
    return value;
  }

  #and(): WhenValue {
    let value = this.#not();
    while (this.#take('and')) {
      const right = this.#muted(!truthy(value), () => this.#not());
      if (truthy(value)) value = right;
    }
    return value;
  }

  /** Parses without evaluating lookups that the result does not depend on. */
  #muted(muted: boolean, parse: () => WhenValue): WhenValue {
    const before = this.#live;
    this.#live = before && !muted;
    const value = parse();
    this.#live = before;
    return value;
  }

  #not(): WhenValue {
    let negations = 0;
    while (this.#take('not')) negations += 1;
    const value = this.#comparison();
    return negations === 0 ? value : truthy(value) === (negations % 2 === 0);
  }

  #comparison(): WhenValue {
    let left = this.#postfix();
    let result: boolean | undefined;
    for (;;) {
      const operator = this.#comparisonOperator();
      if (operator === undefined) return result ?? left;
      const right = this.#postfix();
      result = (result ?? true) && this.#compare(operator, left, right);
      left = right;
    }
  }

  #comparisonOperator(): string | undefined {
    if (this.#take('==')) return '==';
    if (this.#take('!=')) return '!=';
    if (this.#take('in')) return 'in';
    if (this.#peek().text === 'not' && this.#peek(1).text === 'in') {
      this.#at += 2;
      return 'not in';
    }
    return undefined;
  }

  #compare(operator: string, left: WhenValue, right: WhenValue): boolean {
    if (operator === '==') return equal(left, right);
    if (operator === '!=') return !equal(left, right);
    const contained = this.#contains(right, left);
    return operator === 'in' ? contained : !contained;
  }

  #contains(container: WhenValue, item: WhenValue): boolean {
    if (!this.#live) return false;
    if (typeof container === 'string' && typeof item === 'string') return container.includes(item);
    if (!Array.isArray(container)) return this.#fail('"in" needs a text or a list on its right');
    return (container as readonly WhenValue[]).some((member) => equal(member, item));
  }

  #postfix(): WhenValue {
    let value = this.#primary();
    for (;;) {
      if (this.#take('.')) value = this.#method(value);
      else return value;
    }
  }

  #method(value: WhenValue): WhenValue {
    const name = this.#next().text;
    const [argument] = this.#arguments();
    if (!this.#live) return false;
    if (typeof value !== 'string' || typeof argument !== 'string') return this.#fail(`"${name}" needs texts`);
    if (name === 'startswith') return value.startsWith(argument);
    if (name === 'endswith') return value.endsWith(argument);
    return this.#fail(`unknown method "${name}"`);
  }

  #primary(): WhenValue {
    const token = this.#next();
    if (token.kind === 'text') return token.text;
    if (token.text === '(') return this.#inner(')');
    if (token.text === '[') return this.#items(']');
    if (token.kind !== 'name') return this.#fail(`unexpected "${token.text}"`);
    if (token.text === 'env') return this.#environment();
    if (token.text === 're') return this.#regularExpression();
    const value = this.#names.get(token.text);
    return value === undefined ? this.#fail(`unknown name "${token.text}"`) : value;
  }

  #inner(close: string): WhenValue {
    const value = this.#or();
    if (!this.#take(close)) this.#fail(`expected "${close}"`);
    return value;
  }

  #items(close: string): WhenValue[] {
    const items: WhenValue[] = [];
    while (!this.#take(close)) {
      items.push(this.#or());
      if (!this.#take(',') && this.#peek().text !== close) this.#fail(`expected "," or "${close}"`);
    }
    return items;
  }

  #arguments(): WhenValue[] {
    if (!this.#take('(')) this.#fail('expected "("');
    return this.#items(')');
  }

  /** `env`, `env["X"]`, `env.get("X", default)`. On its own it is the list of names, for `"X" in env`. */
  #environment(): WhenValue {
    const { env } = this.#context;
    if (this.#take('[')) {
      const value = env[String(this.#inner(']'))];
      return value ?? (this.#live ? this.#fail('this variable is not set') : null);
    }
    if (this.#peek().text !== '.') return Object.keys(env).filter((name) => env[name] !== undefined);
    this.#at += 1;
    const method = this.#next().text;
    if (method !== 'get') this.#fail(`unknown method "env.${method}"`);
    const [name, fallback = null] = this.#arguments();
    return env[String(name)] ?? fallback;
  }

  #regularExpression(): WhenValue {
    if (!this.#take('.')) this.#fail('expected "re.match" or "re.search"');
    const method = this.#next().text;
    const [pattern, subject] = this.#arguments();
    if (!this.#live) return false;
    if (typeof pattern !== 'string' || typeof subject !== 'string') return this.#fail(`"re.${method}" needs two texts`);
    const anchors: Readonly<Record<string, readonly [string, string]>> = {
      match: ['^(?:', ')'],
      search: ['', ''],
      fullmatch: ['^(?:', ')$'],
    };
    const [before, after] = anchors[method] ?? this.#fail(`unknown method "re.${method}"`);
    try {
      return new RegExp(`${before}${pattern}${after}`, 'u').test(subject);
    } catch (cause) {
      throw whenError(this.#expression, `bad regular expression "${pattern}"`, cause);
    }
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: 'end', text: '' };
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind === 'end') this.#fail('it ends too early');
    this.#at += 1;
    return token;
  }

  /** Steps over the operator or word `text`, never over a quoted text that happens to read the same. */
  #take(text: string): boolean {
    const token = this.#peek();
    if (token.kind === 'text' || token.kind === 'end' || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #fail(why: string): never {
    throw whenError(this.#expression, why);
  }
}

function equal(left: WhenValue, right: WhenValue): boolean {
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right;
  return (
    left.length === right.length && left.every((item, index) => equal(item as WhenValue, right[index] as WhenValue))
  );
}
