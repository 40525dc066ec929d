import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, bench, type Printed } from '../bench.ts';

export const REPOSITORY = join(import.meta.dirname, '../../../..');
export const MIRRORS = join(REPOSITORY, 'packages/buildcache/test/fixtures/mirrors');
const QUICKSTART = join(REPOSITORY, 'examples/quickstart');

export async function vectors<T>(name: string): Promise<T> {
  return JSON.parse(await readFile(join(import.meta.dirname, `../../vectors/${name}.json`), 'utf8')) as T;
}

/** The quickstart's environment and build cache in the working folder of a bench, with an install tree of its own. */
export async function quickstart(): Promise<Bench> {
  const { root, home, cwd, berth } = await bench();
  await cp(QUICKSTART, cwd, { recursive: true });
  const tree = ['-c', `config:install_tree:root:${join(root, 'store')}`];
  return { root, home, cwd, berth: (...argv) => berth('-D', join(cwd, 'environment'), ...tree, ...argv) };
}

/** Which package had which outcome. */
export function outcomesOf({ document }: Printed): Readonly<Record<string, string>> {
  const { packages } = document as { packages: readonly { readonly name: string; readonly outcome: string }[] };
  return Object.fromEntries(packages.map(({ name, outcome }) => [name, outcome]));
}
