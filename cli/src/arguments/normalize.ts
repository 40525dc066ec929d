import { type OptionSpec, type OptionSpecs } from '../command.ts';
import { nearest } from './nearest.ts';
import { UsageError } from './usage-error.ts';

export interface NormalizeOptions {
  readonly options: OptionSpecs;
  /** The words are specs (cli §1.1). */
  readonly specs: boolean;
  /** Global options and command names: the first word ends the options. */
  readonly stopAtFirstWord?: boolean;
}

export interface NormalizedArguments {
  /** `--long` or `--long=value`, by the canonical long name. */
  readonly options: readonly string[];
  readonly words: readonly string[];
}

/** A long name and what it means. */
interface Known {
  readonly name: string;
  readonly spec: OptionSpec;
}

interface State {
  readonly argv: readonly string[];
  readonly known: ReadonlyMap<string, Known>;
  readonly shorts: ReadonlyMap<string, Known>;
  readonly options: string[];
  readonly words: string[];
  at: number;
}

/**
 * Puts the options of a command line into one form, wherever they stand: unambiguous prefixes are expanded, clusters
 * (`-lvdp`, `-j2`) are taken apart, aliases replaced, and `--` ends the options. After the first spec a token that equals an
 * option is that option, any other `--x` is a usage error that names the spec syntax, and a `-x` stays spec text.
 */
export function normalizeArguments(argv: readonly string[], options: NormalizeOptions): NormalizedArguments {
  const state: State = { argv, ...tablesOf(options.options), options: [], words: [], at: 0 };
  while (state.at < argv.length) {
    const token = take(state);
    if (token.includes('\ufffd')) throw new UsageError(`argument ${JSON.stringify(token)}: not valid UTF-8`);
    if (token === '--') {
      state.words.push(...argv.slice(state.at));
      break;
    }
    if (!token.startsWith('-') || token === '-') {
      state.words.push(token);
      if (options.stopAtFirstWord !== true) continue;
      state.words.push(...argv.slice(state.at));
      break;
    }
    if (options.specs && state.words.length > 0) afterSpec(state, token);
    else if (token.startsWith('--')) long(state, token);
    else cluster(state, token);
  }
  return { options: state.options, words: state.words };
}

function tablesOf(options: OptionSpecs): Pick<State, 'known' | 'shorts'> {
  const known = new Map<string, Known>();
  const shorts = new Map<string, Known>();
  for (const [name, spec] of Object.entries(options)) {
    for (const long of [name, ...(spec.aliases ?? [])]) known.set(long, { name, spec });
    if (spec.short !== undefined) shorts.set(spec.short, { name, spec });
  }
  return { known, shorts };
}

function take(state: State): string {
  const token = state.argv[state.at] ?? '';
  state.at += 1;
  return token;
}

function long(state: State, token: string): void {
  const { name, value } = splitLong(token);
  const exact = state.known.get(name);
  const matches = exact === undefined ? [...state.known].filter(([candidate]) => candidate.startsWith(name)) : [];
  const meanings = new Set(matches.map(([, known]) => known.name));
  const known = exact ?? (meanings.size === 1 ? matches[0]?.[1] : undefined);
  if (known !== undefined) {
    push(state, known, { value, token: `--${name}` });
    return;
  }
  if (meanings.size > 1) {
    const list = matches.map(([candidate]) => `--${candidate}`).sort();
    throw new UsageError(`option --${name}: ambiguous: ${list.join(', ')}`, 'Write the option out.');
  }
  throw unknown(state, `--${name}`, nearest(name, state.known.keys()));
}

function splitLong(token: string): { readonly name: string; readonly value: string | undefined } {
  const equals = token.indexOf('=');
  return equals < 0
    ? { name: token.slice(2), value: undefined }
    : { name: token.slice(2, equals), value: token.slice(equals + 1) };
}

/** `-lvdp` is four switches, `-j2` an option with its value. */
function cluster(state: State, token: string): void {
  for (let at = 1; at < token.length; at += 1) {
    const letter = token.charAt(at);
    const known = state.shorts.get(letter);
    if (known === undefined) throw unknown(state, `-${letter}`, []);
    const rest = token.slice(at + 1);
    if (known.spec.value === undefined || rest === '') push(state, known, { value: undefined, token: `-${letter}` });
    else {
      push(state, known, { value: rest.replace(/^=/, ''), token: `-${letter}` });
      return;
    }
  }
}

function afterSpec(state: State, token: string): void {
  if (token.startsWith('--')) {
    const { name, value } = splitLong(token);
    const known = state.known.get(name);
    if (known === undefined) throw unknownAfterSpec(state, name);
    push(state, known, { value, token: `--${name}` });
    return;
  }
  const known = token.length === 2 ? state.shorts.get(token.charAt(1)) : undefined;
  if (known !== undefined) push(state, known, { value: undefined, token });
  else if (isCluster(state, token)) throw unclear(token);
  else state.words.push(token);
}

/** Nobody means the variant `lv` by `find zlib -lv`, and nobody should have to guess. */
function isCluster({ shorts }: State, token: string): boolean {
  const [letter = '', ...rest] = token.slice(1);
  if (shorts.get(letter)?.spec.integer !== undefined) return /^\d+$/.test(rest.join(''));
  return [letter, ...rest].every((each) => shorts.has(each) && shorts.get(each)?.spec.value === undefined);
}

function unclear(token: string): UsageError {
  const variant = token.slice(1);
  return new UsageError(
    `${token}: after a spec this is either options or a variant that is off`,
    `For options write ${token} before the specs; for the variant write ~${variant}.`,
  );
}

function unknownAfterSpec(state: State, name: string): UsageError {
  const [close] = nearest(name, state.known.keys());
  const option = close === undefined ? '' : ` If you meant the option --${close}, write it so.`;
  return new UsageError(
    `--${name}: no option of this command`,
    `To switch the variant ${name} off for dependencies too, write ~~${name}.${option}`,
  );
}

function unknown(state: State, option: string, close: readonly string[]): UsageError {
  const hint =
    close.length === 0
      ? 'See --help for the options of this command.'
      : `Did you mean ${close.map((name) => `--${name}`).join(' or ')}?`;
  const word = state.words.length === 0 ? '' : ` (after ${JSON.stringify(state.words[0])})`;
  return new UsageError(`unknown option ${option}${word}`, hint);
}

function push(
  state: State,
  { name, spec }: Known,
  given: { readonly value: string | undefined; readonly token: string },
): void {
  if (spec.value === undefined) {
    if (given.value !== undefined) throw new UsageError(`option ${given.token}: takes no value`);
    state.options.push(`--${name}`);
    return;
  }
  const value = given.value ?? nextValue(state, given.token, spec.value);
  if (value === '') throw new UsageError(`option ${given.token}: its value <${spec.value}> is empty`);
  state.options.push(`--${name}=${value}`);
}

function nextValue(state: State, token: string, placeholder: string): string {
  const next = state.argv[state.at];
  if (next === undefined || (next.startsWith('-') && next !== '-')) {
    throw new UsageError(
      `option ${token}: its value <${placeholder}> is missing`,
      `A value that begins with a dash is written ${token}=VALUE.`,
    );
  }
  return take(state);
}
