import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Tree, trees } from './trees.ts';

interface Case {
  readonly tree: Tree;
  readonly environment?: string;
  readonly argv: readonly string[];
  readonly code: number;
  readonly stdout: string;
}

const VECTORS = join(import.meta.dirname, '../vectors/queries.json');

test('find, spec, dependencies, dependents and location print what Spack prints on a pipe, byte for byte', async () => {
  const { cases } = JSON.parse(await readFile(VECTORS, 'utf8')) as { readonly cases: readonly Case[] };
  const { on, trees: treesRoot, environments } = await trees();
  const place = (text: string): string =>
    text.replaceAll('@TREES@', treesRoot).replaceAll('@ENVIRONMENTS@', environments);
  let passed = 0;
  for (const { tree, environment, argv, code, stdout } of cases) {
    const name = [tree, environment ?? '-', ...argv].join(' ');
    if (code === 0) {
      const printed = await on(tree, argv.map(place), environment);
      expect({ name, stdout: printed.stdout, code: printed.exitCode }).toEqual({ name, stdout: place(stdout), code });
    } else {
      await expect(on(tree, argv.map(place), environment)).rejects.toMatchObject({ name: 'BerthError' });
    }
    passed += 1;
  }
  expect(passed).toBe(COUNT);
}, 120_000);

const COUNT = 409;
