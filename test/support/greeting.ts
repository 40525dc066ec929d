import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, configure, copyQuickstart, useTree } from './bench.ts';
import { readRecords } from './inspect-tree.ts';

/** The packages of the quickstart that are not external, dependencies first. */
export const GREETING_PACKAGES = ['gcc-runtime', 'libgreet', 'greet'] as const;

/**
 * Gives the bench the quickstart's environment without its mirror, installed from its build cache into the tree `t`; no mirror
 * is configured afterwards. Returns the environment's folder.
 */
export async function installGreeting(bench: Bench): Promise<string> {
  const environment = await copyQuickstart(bench);
  await writeFile(join(environment, 'spack.yaml'), 'spack:\n  specs:\n  - greet\n  view: false\n');
  await configure(bench, 'mirrors', { quickstart: { url: `file://${join(bench.folder, 'mirror')}`, signed: false } });
  await useTree(bench, join(bench.folder, 't'));
  await bench.text('-D', environment, 'install');
  await configure(bench, 'mirrors', {});
  return environment;
}

/** Prefix of a package that is installed in the tree. */
export function prefixOf(tree: string, name: string): string {
  const record = Array.from(readRecords(tree).values()).find(({ spec }) => spec.name === name);
  if (record?.path == null) throw new Error(`${name} is not installed in ${tree}`);
  return record.path;
}

/** What the program of the quickstart prints when it is run from the tree. */
export function greetingOf(tree: string): string {
  return execFileSync(join(prefixOf(tree, 'greet'), 'bin/greet'), { encoding: 'utf8' });
}
