// A repository of very many very small packages: what its index costs.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createBerth } from './contenders.js';
import { createSpecs } from './dataset/specs.js';
import { writeTree } from './dataset/tree.js';

export const MANY = 2000;

/**
 * Fills a repository with packages, adds one more, and updates the index.
 * @param {string} folder New.
 * @param {{ registry: import('./registry.js').Registry | undefined }} facts
 * @returns {Promise<number | undefined>} Requests that the update made; nothing without a registry.
 */
export async function countIndexRequests(folder, { registry }) {
  if (registry === undefined) return undefined;
  const plans = Array.from({ length: MANY + 1 }, (_, at) => ({ name: `many-${at}`, files: [], links: [], runs: [] }));
  const root = join(folder, 'tree-of-many-packages');
  const packages = await writeTree(root, { plans, specs: await createSpecs(plans) });
  const [last, ...others] = packages.map(({ hash }) => `/${hash}`);
  const target = `oci://${registry.host}/many`;
  const { environment, push, updateIndex } = createBerth(join(folder, 'berth'), { mirror: target });
  const run = ([program, ...words]) =>
    execFileSync(program, [...words, '--quiet'], {
      env: { ...environment, ...registry.trust },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  run(push(root, target, ...others));
  run(push(root, target, last).filter((word) => word !== '--update-index'));
  const before = registry.requests();
  run(updateIndex(root, target));
  return registry.requests() - before;
}
