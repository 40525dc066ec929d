import { isBerthError } from '@berth/base';
import { expect, test } from '@jest/globals';
import {
  formatSpec,
  parseCliSpecs,
  parseSpec,
  parseSpecs,
  quoteCliSpecs,
  specsEqual,
  type Toolchain,
} from '../../src/index.ts';
import { structureOf } from '../structure.ts';
import { readVectors } from '../vectors.ts';

interface ParseRow {
  readonly input: string;
  readonly ok: boolean;
  readonly canonical: readonly string[];
  readonly specs: readonly unknown[];
  readonly roundtrip?: readonly boolean[];
}

/** Refused here: attributes that take a value given as booleans, and a sigil with nothing behind it. */
const STRICTER = ['zlib +os', 'zlib ~target', 'zlib +namespace', 'zlib +platform', 'zlib^', 'hdf5 ^'];

test('every parse vector is read into the same specs', () => {
  const rows = readVectors('parse') as ParseRow[];
  for (const row of rows) {
    const expected = row.ok && !STRICTER.includes(row.input) ? { canonical: row.canonical, specs: row.specs } : 'error';
    expect({ input: row.input, found: read(row.input) }).toEqual({ input: row.input, found: expected });
  }
  expect(rows).toHaveLength(669);
  expect(rows.filter((row) => row.ok && STRICTER.includes(row.input))).toHaveLength(STRICTER.length);
});

test('the canonical text reads back as the same spec wherever the vectors say so', () => {
  const rows = (readVectors('parse') as ParseRow[]).filter(({ ok, input }) => ok && !STRICTER.includes(input));
  let compared = 0;
  for (const { input, roundtrip } of rows) {
    for (const [i, spec] of parseSpecs(input).entries()) {
      if (roundtrip?.[i] === false) continue;
      const text = formatSpec(spec);
      expect([input, specsEqual(parseSpec(text), spec)]).toEqual([input, true]);
      compared += 1;
    }
  }
  expect(compared).toBe(509);
});

function read(input: string): unknown {
  return outcome(() => {
    const specs = parseSpecs(input);
    return { canonical: specs.map(formatSpec), specs: specs.map(structureOf) };
  });
}

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (isBerthError(error) && error.kind === 'usage') return 'error';
    throw error;
  }
}

interface CliRow {
  readonly argv: readonly string[];
  readonly joined: string;
  readonly canonical?: readonly string[];
}

test('every command line vector is quoted and read the same way', () => {
  const rows = readVectors('cli-args') as CliRow[];
  for (const { argv, joined, canonical } of rows) {
    expect(quoteCliSpecs(argv)).toBe(joined);
    expect([argv, outcome(() => parseCliSpecs(argv).map(formatSpec))]).toEqual([argv, canonical ?? 'error']);
  }
  expect(rows).toHaveLength(45);
});

interface ToolchainVectors {
  readonly toolchains: Readonly<Record<string, Toolchain>>;
  readonly cases: readonly { input: string; canonical?: string[]; specs?: unknown[] }[];
}

test('every toolchain vector expands to the same specs', () => {
  const { toolchains, cases } = readVectors('toolchains') as ToolchainVectors;
  const options = { toolchains: new Map(Object.entries(toolchains)) };
  for (const { input, canonical, specs } of cases) {
    const found = outcome(() => {
      const read = parseSpecs(input, options);
      return { canonical: read.map(formatSpec), specs: read.map(structureOf) };
    });
    expect([input, found]).toEqual([input, canonical === undefined ? 'error' : { canonical, specs }]);
  }
  expect(cases).toHaveLength(32);
});
