// The programs that are compared: how each is told to do the same thing.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What packages were built with is on record only. */
const PUSH_OPTIONS = ['--unsigned', '--update-index', '--without-build-dependencies'];
const BERTH = join(import.meta.dirname, '../cli/bin/berth.js');

/**
 * @typedef {object} Contender Commands to run, and the variables they run with.
 * @property {string} name
 * @property {Record<string, string | undefined>} environment
 * @property {(tree: string) => string[]} find
 * @property {(tree: string, mirror: string, ...specs: string[]) => string[]} push
 * @property {(tree: string, mirror: string) => string[]} updateIndex
 * @property {(tree: string, spec: string) => string[]} install
 * @property {string[]} blobCaches Folders where archives are kept that came from a registry.
 */

/**
 * berth with a configuration of its own in `folder`.
 * @param {string} folder
 * @param {{ mirror: string }} facts
 * @returns {Contender}
 */
export function createBerth(folder, { mirror }) {
  const config = join(folder, 'config');
  mkdirSync(config, { recursive: true });
  writeMirrors(config, mirror);
  const run = (tree, ...words) => [BERTH, '-E', '-c', `config:install_tree:root:${tree}`, ...words];
  return {
    name: 'berth',
    environment: isolated({
      ...process.env,
      SPACK_USER_CONFIG_PATH: config,
      SPACK_USER_CACHE_PATH: join(folder, 'cache'),
      SPACK_SYSTEM_CONFIG_PATH: join(folder, 'none'),
    }),
    find: (tree) => run(tree, 'find'),
    push: (tree, target, ...specs) => run(tree, 'buildcache', 'push', ...PUSH_OPTIONS, target, ...specs),
    updateIndex: (tree, target) => run(tree, 'buildcache', 'update-index', target),
    install: (tree, spec) => run(tree, 'install', '--cache-only', spec),
    blobCaches: [join(folder, 'cache/cache/blobs')],
  };
}

/**
 * Real Spack with its own settings, the recipes of the data set, and its newer installer. Each `folder` has its own cache of
 * recipes: cold the first time, warm from then on.
 * @param {string} folder
 * @param {{ mirror: string, peer: string, repository: string }} facts `peer` is the script that puts Spack on the PATH.
 * @returns {Contender}
 */
export function createSpack(folder, { mirror, peer, repository }) {
  const environment = isolated(sourced(peer));
  const config = join(folder, 'config');
  mkdirSync(config, { recursive: true });
  writeMirrors(config, mirror);
  writeFileSync(join(config, 'config.yaml'), spackSettings(folder));
  writeFileSync(join(config, 'bootstrap.yaml'), 'bootstrap:\n  enable: true\n  sources: []\n');
  // An included scope is weaker: the repository of the data set comes before the ones that were there.
  writeFileSync(join(config, 'repos.yaml'), `repos:\n  bench: ${repository}\n`);
  writeFileSync(join(config, 'include.yaml'), `include:\n- path: ${environment.SPACK_USER_CONFIG_PATH}\n`);
  const run = (tree, ...words) => ['spack', '-E', '-c', `config:install_tree:root:${tree}`, ...words];
  return {
    name: 'Spack',
    environment: {
      ...environment,
      SPACK_USER_CONFIG_PATH: config,
      SPACK_USER_CACHE_PATH: join(folder, 'cache'),
      SPACK_SYSTEM_CONFIG_PATH: join(folder, 'none'),
    },
    find: (tree) => run(tree, 'find'),
    push: (tree, target, ...specs) => run(tree, 'buildcache', 'push', ...PUSH_OPTIONS, target, ...specs),
    updateIndex: (tree, target) => run(tree, 'buildcache', 'update-index', target),
    install: (tree, spec) => run(tree, 'install', '--cache-only', spec),
    blobCaches: [join(folder, 'source-cache')],
  };
}

function spackSettings(folder) {
  return [
    'config:',
    '  installer: new',
    `  misc_cache: ${join(folder, 'misc-cache')}`,
    `  source_cache: ${join(folder, 'source-cache')}`,
    `  build_stage: ${join(folder, 'stage')}`,
    '',
  ].join('\n');
}

function writeMirrors(config, mirror) {
  const url = mirror.includes('://') ? mirror : `file://${mirror}`;
  writeFileSync(join(config, 'mirrors.yaml'), `mirrors:\n  bench:\n    url: ${url}\n    signed: false\n`);
}

/** The variables of a shell that has read the script. */
function sourced(script) {
  const text = execFileSync('bash', ['-c', '. "$1" && exec env -0', 'bash', script], { encoding: 'utf8' });
  const pairs = text.split('\0').filter((pair) => pair.includes('='));
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

/** Without what the caller's session would add. */
function isolated(environment) {
  const dropped = ['NODE_OPTIONS', 'SPACK_ENV', 'SPACK_DISABLE_LOCAL_CONFIG'];
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !dropped.includes(name)));
}
