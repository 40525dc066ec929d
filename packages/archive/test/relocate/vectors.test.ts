import { isBerthError } from '@berth/base';
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { relocateBinary } from '../../src/relocate/c-string.ts';
import { prefixMapOf } from '../../src/relocate/prefix-map.ts';
import { sbangHead, SHEBANG_LIMIT } from '../../src/relocate/shebang.ts';
import { relocateText, TextRewriter } from '../../src/relocate/text.ts';

type Pairs = [string, string][];

function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
}

const texts = vectors('relocate-text') as {
  note: string;
  map: Pairs;
  input: string;
  changed: boolean;
  output: string;
}[];
const binaries = vectors('relocate-binary') as {
  note: string;
  map: Pairs;
  input: string;
  error?: keyof typeof ERROR_CODES;
  ok?: { changed: boolean; output: string };
}[];
const onDisk = vectors('relocation') as {
  text: { map: Pairs; cases: { in: string; out: string; changed: boolean }[] };
  binary: { map: Pairs; cases: { map?: Pairs; in: string; out?: string; error?: keyof typeof ERROR_CODES }[] };
};
const sbang = vectors('sbang') as {
  sbang_path: string;
  limit: number;
  cases: { name: string; in: string; out: string; changed: boolean }[];
};

const ERROR_CODES = { CannotGrowString: 'ERR_RELOCATE_GROW', CannotShrinkCString: 'ERR_RELOCATE_SHRINK' } as const;

test('all vectors are run', () => {
  expect([
    texts.length,
    binaries.length,
    onDisk.text.cases.length,
    onDisk.binary.cases.length,
    sbang.cases.length,
  ]).toEqual([24, 20, 15, 17, 18]);
});

describe('E04 text is relocated as Spack relocates it', () => {
  test.each(texts)('$note', ({ map, input, changed, output }) => {
    const bytes = Buffer.from(input, 'latin1');
    const relocated = relocateText(bytes, prefixMapOf(map));
    expect(relocated !== undefined).toBe(changed);
    expect((relocated ?? bytes).toString('latin1')).toBe(output);
  });

  test.each(texts)('in windows of any size: $note', ({ map, input, output }) => {
    for (let size = 1; size <= input.length; size += 1) {
      expect(inWindows(Buffer.from(input, 'latin1'), map, size)).toBe(output);
    }
  });

  test.each(onDisk.text.cases)('$in', ({ in: input, out, changed }) => {
    const bytes = Buffer.from(input, 'base64');
    const relocated = relocateText(bytes, prefixMapOf(onDisk.text.map));
    expect(relocated !== undefined).toBe(changed);
    expect((relocated ?? bytes).toString('base64')).toBe(out);
  });
});

function inWindows(bytes: Buffer, map: Pairs, size: number): string {
  const rewriter = new TextRewriter(prefixMapOf(map));
  let rest = Buffer.alloc(0);
  let output = '';
  for (let at = 0; at < bytes.length; at += size) {
    const window = Buffer.concat([rest, bytes.subarray(at, at + size)]);
    const piece = rewriter.rewrite(window, at + size >= bytes.length);
    output += piece.output.toString('latin1');
    rest = window.subarray(piece.decided);
  }
  return output;
}

describe('strings in binaries are relocated as Spack relocates them', () => {
  test.each(binaries)('$note', ({ map, input, ok, error }) => {
    const bytes = Buffer.from(input, 'latin1');
    const run = (): Buffer | undefined => relocateBinary(bytes, prefixMapOf(map), { what: 'p@1/abc', file: 'bin/p' });
    if (error !== undefined) expectRelocateError(run, error);
    else {
      const relocated = run();
      expect({ changed: relocated !== undefined, output: (relocated ?? bytes).toString('latin1') }).toEqual(ok);
    }
  });

  test.each(onDisk.binary.cases)('$in', ({ map, in: input, out, error }) => {
    const bytes = Buffer.from(input, 'base64');
    const run = (): Buffer | undefined =>
      relocateBinary(bytes, prefixMapOf(map ?? onDisk.binary.map), { what: 'p@1/abc', file: 'bin/p' });
    if (error !== undefined) expectRelocateError(run, error);
    else expect((run() ?? bytes).toString('base64')).toBe(out);
  });
});

function expectRelocateError(run: () => unknown, error: keyof typeof ERROR_CODES): void {
  try {
    run();
  } catch (caught) {
    expect(isBerthError(caught, ERROR_CODES[error])).toBe(true);
    expect(caught).toMatchObject({ kind: 'relocate', details: { file: 'bin/p' } });
    return;
  }
  throw new Error('nothing was thrown');
}

describe('E10 long first lines go through sbang', () => {
  test.each(sbang.cases)('$name', ({ in: input, out, changed }) => {
    expect(SHEBANG_LIMIT.linux).toBe(sbang.limit);
    const bytes = Buffer.from(input, 'base64');
    const newline = bytes.subarray(0, 4096).indexOf('\n');
    const first = bytes.subarray(0, newline === -1 ? 4096 : newline + 1);
    const isScript = bytes.subarray(0, 2).toString() === '#!' && (newline !== -1 || bytes.length < 4096);
    const head = isScript ? sbangHead(first, Buffer.from(`#!/bin/sh ${sbang.sbang_path}\n`), sbang.limit) : undefined;
    expect(head !== undefined).toBe(changed);
    const result = head === undefined ? bytes : Buffer.concat([head, bytes.subarray(first.length)]);
    expect(result.toString('base64')).toBe(out);
  });
});
