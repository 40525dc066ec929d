// The data set: an install tree of about 1 GB made of this machine's own files, with recipes for real Spack.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseHostFiles } from './dataset/host-files.js';
import { planPackages, SUITE } from './dataset/packages.js';
import { writeRecipes } from './dataset/recipes.js';
import { createSpecs } from './dataset/specs.js';
import { writeTree } from './dataset/tree.js';

/**
 * @typedef {object} Dataset
 * @property {string} root The install tree.
 * @property {string} repository What `repos.yaml` names.
 * @property {{ name: string, hash: string, prefix: string, isAlone: boolean, files: number, sizeBytes: number }[]} packages `isAlone`: needs no other.
 * @property {string} suite Hash of the package that needs all others.
 * @property {number} files
 * @property {number} sizeBytes
 */

/**
 * Makes the data set in `folder`, or takes the one that an earlier run left there.
 * @param {string} folder
 * @param {{ size: number }} options `size` is a fraction of the whole.
 * @returns {Promise<Dataset>}
 */
export async function createDataset(folder, { size }) {
  const description = join(folder, `dataset-${size}.json`);
  if (existsSync(description)) return JSON.parse(readFileSync(description, 'utf8'));
  // Longer than the tree that is installed to: prefixes may shrink, not grow.
  const root = join(folder, `source-tree-whose-name-is-longer-than-any-that-is-installed-to-${size}`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const plans = planPackages(chooseHostFiles(size));
  const specs = await createSpecs(plans);
  const repository = writeRecipes(join(folder, 'recipes'), plans);
  const packages = await writeTree(root, { plans, specs });
  const dataset = {
    root,
    repository,
    packages,
    suite: specs.get(SUITE).hash,
    files: packages.reduce((sum, { files }) => sum + files, 0),
    sizeBytes: packages.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  writeFileSync(description, JSON.stringify(dataset, undefined, 2));
  return dataset;
}
