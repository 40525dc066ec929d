import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  addConfig,
  addMirror,
  type Configuration,
  formatMirrorList,
  formatYaml,
  isSectionName,
  type MirrorDirection,
  type MirrorOptions,
  parseYaml,
  removeConfig,
  setMirror,
  toData,
} from '../src/index.ts';
import { folder, load, read, SIGNAL } from './support.ts';

interface Result {
  readonly exit: number;
  readonly stdout?: string;
  readonly blame?: readonly (readonly [string, string])[];
}

interface Case {
  readonly name: string;
  readonly env?: number;
  readonly files?: Readonly<Record<string, string>>;
  readonly run: readonly (readonly string[])[];
  readonly results: readonly Result[];
  readonly after: Readonly<Record<string, string>>;
}

function cases(name: string): readonly Case[] {
  const path = join(import.meta.dirname, 'vectors', `${name}.json`);
  return (JSON.parse(readFileSync(path, 'utf8')) as { cases: readonly Case[] }).cases;
}

const MIRRORS = cases('mirror-commands');
const CONFIGS = cases('config-commands');

/** What is written down of a command, by ours. */
type Outcome = { readonly stdout?: string; readonly blame?: readonly (readonly [string, string])[] } | undefined;

/** Options of a vector's command line. */
class Words {
  readonly options = new Map<string, string[]>();
  readonly rest: string[] = [];

  constructor(words: readonly string[]) {
    const flags = new Set([
      '--unsigned',
      '--signed',
      '--autopush',
      '--no-autopush',
      '--push',
      '--fetch',
      '--json',
      '-v',
    ]);
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at] ?? '';
      if (!word.startsWith('-')) this.rest.push(word);
      else this.options.set(word, [...(this.options.get(word) ?? []), flags.has(word) ? '' : (words[++at] ?? '')]);
    }
  }

  has(name: string): boolean {
    return this.options.has(name);
  }

  one(...names: string[]): string | undefined {
    return names.map((name) => this.options.get(name)?.[0]).find((value) => value !== undefined);
  }

  either(yes: string, no: string): boolean | undefined {
    return this.has(yes) ? true : this.has(no) ? false : undefined;
  }

  direction(): MirrorDirection | undefined {
    if (this.has('--push')) return 'push';
    return this.has('--fetch') ? 'fetch' : undefined;
  }

  mirrorOptions(): MirrorOptions {
    return {
      id: this.one('--s3-access-key-id', '--oci-username'),
      idVariable: this.one('--s3-access-key-id-variable', '--oci-username-variable'),
      secretVariable: this.one('--s3-access-key-secret-variable', '--oci-password-variable'),
      accessTokenVariable: this.one('--s3-access-token-variable'),
      profile: this.one('--s3-profile'),
      endpointUrl: this.one('--s3-endpoint-url'),
      types: this.options.get('--type') as readonly ('binary' | 'source')[] | undefined,
      autopush: this.either('--autopush', '--no-autopush'),
      signed: this.either('--signed', '--unsigned'),
      view: this.one('-n'),
    };
  }
}

async function mirrorCommand(configuration: Configuration, words: readonly string[]): Promise<Outcome> {
  const [, command, ...rest] = words;
  const parsed = new Words(rest);
  const [name = '', url] = parsed.rest;
  const options = parsed.mirrorOptions();
  if (command === 'list') {
    const scope = parsed.one('--scope');
    const mirrors = scope === undefined ? configuration.mirrors() : configuration.mirrorsOf(scope);
    return {
      stdout: formatMirrorList(mirrors)
        .map((line) => `${line}\n`)
        .join(''),
    };
  }
  if (command === 'add') {
    await addMirror(configuration, { name, url: url ?? '', options, signal: SIGNAL });
    return undefined;
  }
  const edit = await setMirror(configuration, {
    name,
    url: url ?? parsed.one('--url'),
    direction: parsed.direction(),
    options,
    signal: SIGNAL,
  });
  return { stdout: edit.changed ? '' : `==> No changes made to mirror ${name}.\n` };
}

async function configCommand(configuration: Configuration, words: readonly string[], root: string): Promise<Outcome> {
  const parsed = new Words(words);
  const [, command = '', target = ''] = parsed.rest;
  if (command === 'add') await addConfig(configuration, target, { signal: SIGNAL });
  if (command === 'rm') await removeConfig(configuration, target, { signal: SIGNAL });
  if (command === 'scopes') return { stdout: scopesText(configuration) };
  if (!isSectionName(target)) return undefined;
  if (command === 'get' && parsed.has('--json')) return { stdout: `${JSON.stringify(configuration.toJson(target))}\n` };
  const scope = parsed.one('--scope');
  if (command === 'get')
    return { stdout: scope === undefined ? configuration.format(target) : scopeText(configuration, scope, target) };
  if (command === 'blame') {
    const lines = configuration.blame(target).map(({ text, at }): [string, string] => {
      const place = at === undefined ? '---' : at.line === undefined ? at.file : `${at.file}:${at.line}`;
      return [place.replaceAll(root, '$ROOT'), text];
    });
    return { blame: lines.filter(([place]) => /^(?:\$ROOT|---|command_line)/.test(place)) };
  }
  return undefined;
}

function scopeText(
  configuration: Configuration,
  name: string,
  section: Parameters<Configuration['format']>[0],
): string {
  return configuration.formatScope(name, section ?? 'config');
}

/** Name, kind and state of each scope; the defaults of a Spack are ours here, and held in memory. */
function scopesText(configuration: Configuration): string {
  return configuration
    .scopes()
    .map(({ name, types, status }) => `${name} ${types.join(',')} ${status}\n`)
    .join('');
}

function normalScopes(text: string): string[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/).join(' '))
    .filter((line) => line !== '' && !line.startsWith('defaults'));
}

async function runCase(vector: Case): Promise<{ root: string; outcomes: Outcome[]; exits: number[] }> {
  const root = folder(vector.files ?? {});
  const outcomes: Outcome[] = [];
  const exits: number[] = [];
  for (const words of vector.run) {
    const { overrides, scopes, rest } = globalOptions(words);
    const environment =
      vector.env === undefined ? ({ kind: 'none' } as const) : ({ kind: 'directory', value: 'env' } as const);
    const { configuration } = await load(root, { environment, overrides, scopes });
    try {
      const command =
        rest[0] === 'mirror' ? mirrorCommand(configuration, rest) : configCommand(configuration, rest, root);
      outcomes.push(await command);
      exits.push(0);
    } catch {
      outcomes.push(undefined);
      exits.push(1);
    }
  }
  return { root, outcomes, exits };
}

function globalOptions(words: readonly string[]): { overrides: string[]; scopes: string[]; rest: string[] } {
  const result = { overrides: [] as string[], scopes: [] as string[], rest: [...words] };
  while (result.rest[0] === '-c' || result.rest[0] === '-C') {
    const [option, value = ''] = result.rest.splice(0, 2);
    (option === '-c' ? result.overrides : result.scopes).push(value);
  }
  return result;
}

/** What a YAML text says, the order of its keys included. */
function meaning(text: string): string {
  const { root } = parseYaml(text, { file: 'x' });
  return root === undefined ? '' : JSON.stringify(toData(root));
}

function expectSameFiles(root: string, vector: Case, ordered: boolean): void {
  for (const [file, text] of Object.entries(vector.after)) {
    const ours = meaning(read(root, file));
    if (ordered) expect(ours).toBe(meaning(text));
    else expect(JSON.parse(ours)).toEqual(JSON.parse(meaning(text)));
  }
}

let mirrorCases = 0;
test.each(MIRRORS.map((vector) => [vector.name, vector] as const))('mirror commands: %s', async (_name, vector) => {
  mirrorCases += 1;
  const { root, outcomes, exits } = await runCase(vector);
  expect(exits).toEqual(vector.results.map(({ exit }) => exit));
  expectSameFiles(root, vector, true);
  vector.results.forEach((result, index) => {
    if (result.exit === 0) expect(outcomes[index]?.stdout ?? '').toBe(result.stdout);
  });
});

test('all mirror command vectors ran', () => {
  expect(mirrorCases).toBe(MIRRORS.length);
  expect(mirrorCases).toBe(40);
});

/** Signs are honoured where Spack's `config add` and repeated `-c` leave them out of account. */
const OURS: Readonly<Record<string, string>> = {
  'add at the end': "packages:\n  foo:\n    version: ['1', '2', '9']\n    variants: +x\n",
  'add string in front': "packages:\n  foo:\n    version: ['1', '2']\n    variants: +z+x\n",
  'add string at the end': "packages:\n  foo:\n    version: ['1', '2']\n    variants: +x+z\n",
};
const OURS_OUTPUT: Readonly<Record<string, string>> = {
  '-c overrides': "packages:\n  foo:\n    version: ['1', '2', '9']\n    variants: +z+x\n",
};

let configCases = 0;
test.each(CONFIGS.map((vector) => [vector.name, vector] as const))('config commands: %s', async (name, vector) => {
  configCases += 1;
  const { root, outcomes, exits } = await runCase(vector);
  expect(exits).toEqual(vector.results.map(({ exit }) => exit));
  const own = OURS[name];
  if (own === undefined) expectSameFiles(root, vector, false);
  else expect(meaning(read(root, 'cfg/packages.yaml'))).toBe(meaning(own));
  vector.results.forEach((result, index) => {
    expectSameOutput({ name, root, result, outcome: outcomes[index], words: vector.run[index] ?? [] });
  });
});

interface OutputComparison {
  readonly name: string;
  readonly root: string;
  readonly result: Result;
  readonly outcome: Outcome;
  readonly words: readonly string[];
}

function expectSameOutput({ name, root, result, outcome, words }: OutputComparison): void {
  const ours = outcome?.stdout ?? '';
  const wanted = OURS_OUTPUT[name] ?? result.stdout ?? '';
  if (result.blame !== undefined) expect(outcome?.blame).toEqual(result.blame);
  else if (words.includes('scopes'))
    expect(normalScopes(`\n${ours.replaceAll(root, '$ROOT')}`)).toEqual(normalScopes(wanted));
  else if (words.includes('--json')) expect(ours).toBe(wanted);
  else if (words.includes('get')) expect(JSON.parse(meaning(ours))).toEqual(JSON.parse(meaning(wanted)));
}

test('all config command vectors ran', () => {
  expect(configCases).toBe(CONFIGS.length);
  expect(configCases).toBe(34);
});

test('scalars are printed as Spack prints them, letter for letter', () => {
  const vector = CONFIGS.find(({ name }) => name === 'scalars');
  const text = vector?.results[0]?.stdout ?? '';
  const { root } = parseYaml(vector?.files?.['cfg/config.yaml'] ?? '', { file: 'x' });
  const lines = (printed: string): string[] => printed.split('\n').filter((line) => !/^ {2}[jl]:/.test(line));
  // A value that ends in a colon has lost it, and a mapping inside a list is printed with its braces.
  expect(root === undefined ? [] : lines(formatYaml(root))).toEqual(lines(text));
  expect(lines(text)).toHaveLength(38);
});
