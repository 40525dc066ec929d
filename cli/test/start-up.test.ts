import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const SOURCE = join(import.meta.dirname, '../src');
const STATIC_IMPORT = /^(?:import|export)\s(?!type\s)[^;]*?from\s+'([^']+)'|^import\s+'([^']+)'/gm;

/** Everything that starting the program imports: packages by name, files by path. */
async function staticClosure(file: string, seen = new Set<string>()): Promise<ReadonlySet<string>> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = await readFile(file, 'utf8');
  for (const [statement, from, bare] of text.matchAll(STATIC_IMPORT)) {
    const specifier = from ?? bare ?? '';
    // An import of types only is erased.
    const names = /\{([^}]*)\}/
      .exec(statement)?.[1]
      ?.split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '');
    if (names !== undefined && names.length > 0 && names.every((name) => name.startsWith('type '))) continue;
    if (specifier.startsWith('.')) await staticClosure(join(dirname(file), specifier), seen);
    else seen.add(specifier);
  }
  return seen;
}

test('starting berth imports the parser and nothing else', async () => {
  const closure = [...(await staticClosure(join(SOURCE, 'main.ts')))];
  const packages = closure.filter((name) => !name.startsWith('/') && !name.startsWith('node:'));
  expect(packages).toEqual(['commander']);
  const files = closure.filter((name) => name.startsWith(SOURCE)).map((name) => name.slice(SOURCE.length + 1));
  expect(files.filter((name) => name.startsWith('commands/') || name.startsWith('render/'))).toEqual([]);
  expect(files).toContain('arguments/parse.ts');
});
