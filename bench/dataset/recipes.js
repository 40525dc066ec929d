// A package repository with a recipe for each package, so that real Spack accepts them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NAMESPACE } from './specs.js';

const VARIANTS = ['ipo', 'pic', 'shared', 'static', 'tests'];

/**
 * @param {string} folder
 * @param {import('./packages.js').PackagePlan[]} plans
 * @returns {string} The folder that `repos.yaml` names.
 */
export function writeRecipes(folder, plans) {
  const repository = join(folder, 'spack_repo', NAMESPACE);
  mkdirSync(join(repository, 'packages'), { recursive: true });
  writeFileSync(join(repository, 'repo.yaml'), `repo:\n  namespace: ${NAMESPACE}\n  api: v2.0\n`);
  for (const plan of plans) {
    mkdirSync(join(repository, 'packages', plan.name), { recursive: true });
    writeFileSync(join(repository, 'packages', plan.name, 'package.py'), recipeOf(plan));
  }
  return repository;
}

function recipeOf({ name, links, runs, builds = [] }) {
  const className = name.charAt(0).toUpperCase() + name.slice(1);
  const dependencies = [
    ...links.map((child) => `    depends_on("${child}", type=("build", "link"))`),
    ...builds.map((child) => `    depends_on("${child}", type="build")`),
    ...runs.map((child) => `    depends_on("${child}", type="run")`),
  ];
  return [
    'from spack.package import *',
    '',
    '',
    `class ${className}(Package):`,
    '    """Files of the machine that measures."""',
    '',
    '    homepage = "https://example.org"',
    '    has_code = False',
    '    version("1.0")',
    ...VARIANTS.map((name) => `    variant("${name}", default=True)`),
    ...dependencies,
    '',
    '    def install(self, spec, prefix):',
    '        mkdirp(prefix.share)',
    '',
  ].join('\n');
}
