import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, bench, type Printed } from './bench.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures');

/** The install trees of the fixtures; of each there is the database only. */
export const TREES = ['quick', 'golden', 'mixed', 'chained'] as const;
export type Tree = (typeof TREES)[number];

export interface Trees extends Bench {
  readonly trees: string;
  readonly environments: string;
  /** Runs a command line on one of the trees; the tree `chained` has `golden` as its upstream `up`. */
  readonly on: (tree: Tree, argv: readonly string[], environment?: string) => Promise<Printed>;
}

/** Fresh copies of the trees and environments of the fixtures. */
export async function trees(env: Readonly<Record<string, string>> = {}): Promise<Trees> {
  const place = await bench({ SPACK_DISABLE_LOCAL_CONFIG: '1', ...env });
  const [treesRoot, environments] = [join(place.root, 'trees'), join(place.root, 'environments')];
  for (const tree of TREES) {
    const database = join(treesRoot, tree, '.spack-db');
    await mkdir(database, { recursive: true });
    await cp(join(FIXTURES, 'trees', tree, 'index.json'), join(database, 'index.json'));
  }
  await cp(join(FIXTURES, 'environments'), environments, { recursive: true });
  return {
    ...place,
    trees: treesRoot,
    environments,
    on: (tree, argv, environment) => {
      const root = ['-c', `config:install_tree:root:${join(treesRoot, tree)}`];
      const upstream = tree === 'chained' ? ['-c', `upstreams:up:install_tree:${join(treesRoot, 'golden')}`] : [];
      const chosen = environment === undefined ? [] : ['-D', join(environments, environment)];
      return place.berth(...root, ...upstream, ...chosen, ...argv);
    },
  };
}
