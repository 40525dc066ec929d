import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Codes of Node's own errors that the sources look at. */
const OF_NODE = new Set(['ERR_BUFFER_TOO_LARGE', 'ERR_MODULE_NOT_FOUND', 'ERR_TLS_CERT_ALTNAME_INVALID']);

const folders = ['packages', 'plugins']
  .flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)))
  .concat('core', 'plugin-kit', 'cli')
  .map((folder) => join(folder, 'src'))
  .filter((folder) => existsSync(folder));

const sources: readonly string[] = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8')),
);

interface Row {
  readonly code: string;
  readonly kinds: readonly string[];
  readonly meaning: string;
  readonly remedy: string;
}

const ROW = /^\| `(ERR_[A-Z0-9_]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm;
const rows: readonly Row[] = Array.from(
  readFileSync('docs/errors.md', 'utf8').matchAll(ROW),
  ([, code = '', kinds = '', meaning = '', remedy = '']) => ({ code, kinds: kinds.split(', '), meaning, remedy }),
);

function codesInSources(): ReadonlySet<string> {
  const codes = sources.flatMap((text) => Array.from(text.matchAll(/\bERR_[A-Z0-9_]+\b/g), ([code]) => code));
  return new Set(codes.filter((code) => !OF_NODE.has(code)));
}

/** The kinds that sources write down beside a code. */
function* kindsInSources(): Generator<readonly [code: string, kind: string]> {
  for (const text of sources) {
    for (const [, kind = '', code = ''] of text.matchAll(/BerthError\(\s*'(\w+)',\s*'(ERR_\w+)'/g)) yield [code, kind];
    for (const [, code = ''] of text.matchAll(/type: 'warning',\s*code: '(ERR_\w+)'/g)) yield [code, 'warning'];
  }
}

describe('docs/errors.md', () => {
  test('has a row for every code in the sources', () => {
    const documented = new Set(rows.map(({ code }) => code));
    const codes = codesInSources();
    expect(codes.size).toBeGreaterThan(100);
    expect(Array.from(codes).filter((code) => !documented.has(code))).toEqual([]);
  });

  test('has no row for a code that no source has, and none twice', () => {
    const codes = codesInSources();
    expect(rows.map(({ code }) => code).filter((code) => !codes.has(code))).toEqual([]);
    expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length);
  });

  test('gives each code the kinds with which it is raised', () => {
    const documented = new Map(rows.map(({ code, kinds }) => [code, kinds]));
    const pairs = [...kindsInSources()];
    expect(pairs.length).toBeGreaterThan(100);
    expect(pairs.filter(([code, kind]) => documented.get(code)?.includes(kind) === false)).toEqual([]);
  });

  test('says in every row what happened and what to do', () => {
    expect(rows.filter(({ meaning, remedy }) => meaning.length < 10 || remedy === '')).toEqual([]);
  });
});
