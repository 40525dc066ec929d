// The README's first command: one locked environment, installed from a build cache that Spack wrote, run, pushed to a
// second mirror, wiped, installed again from there and run again. Everything happens in a temporary folder.
import { execFile } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = import.meta.dirname;
const berth = join(here, '../../cli/bin/berth.js');
const runsHere = process.platform === 'linux' && process.arch === 'x64';

const work = await mkdtemp(join(tmpdir(), 'berth-demo-'));
const environment = join(work, 'environment');
const store = join(work, 'store');
const second = join(work, 'second-mirror');

let step = 0;
function say(text) {
  step += 1;
  console.log(`${String(step).padStart(2)}. ${text}`);
}

/** Runs berth on the environment with an install tree and settings of its own, and returns what `--json` prints. */
async function inEnvironment(...words) {
  const env = {
    ...process.env,
    SPACK_DISABLE_LOCAL_CONFIG: '1',
    SPACK_USER_CACHE_PATH: join(work, 'cache'),
    SPACK_ROOT: '',
    SPACK_ENV: '',
  };
  const options = ['-D', environment, '-c', `config:install_tree:root:${store}`];
  const { stdout } = await run(process.execPath, [berth, ...options, ...words, '--json'], { env });
  return JSON.parse(stdout);
}

async function greet() {
  const { path: prefix } = await inEnvironment('location', '-i', 'greet');
  if (!runsHere) return `(built for Linux on x86-64, so it is not run on ${process.platform} ${process.arch})`;
  const { stdout } = await run(join(prefix, 'bin/greet'));
  // Behind the greeting stand the paths that were relocated.
  return stdout.split(' (')[0];
}

function count(packages, outcome) {
  return packages.filter((one) => one.outcome === outcome).length;
}

try {
  await cp(join(here, 'environment'), environment, { recursive: true });
  await cp(join(here, 'mirror'), join(work, 'mirror'), { recursive: true });
  say(`environment with root "greet", locked by Spack, copied to ${environment}`);

  const first = await inEnvironment('install');
  say(`installed ${count(first.packages, 'installed')} packages from the build cache that Spack wrote, into ${store}`);
  say(`greet says: ${await greet()}`);

  const pushed = await inEnvironment('buildcache', 'push', '--unsigned', '--update-index', second);
  say(`pushed ${count(pushed.packages, 'pushed')} packages to a second mirror, ${second}`);

  await rm(store, { recursive: true });
  say('wiped the install tree');

  await inEnvironment('mirror', 'remove', 'quickstart');
  await inEnvironment('mirror', 'add', '--unsigned', 'second', pathToFileURL(second).href);
  const { mirrors } = await inEnvironment('mirror', 'list');
  const caches = mirrors.filter(({ binary }) => binary).map(({ name }) => name);
  say(`build caches of the environment are now: ${caches.join(', ')}`);

  const again = await inEnvironment('install');
  say(`installed ${count(again.packages, 'installed')} packages from what berth pushed`);
  say(`greet says: ${await greet()}`);

  const installed = await inEnvironment('find');
  say(`berth find lists ${installed.length} records, externals included`);
  const verified = await inEnvironment('verify', 'manifest', '-a');
  say(`berth verify: ${Object.keys(verified).length === 0 ? 'every file is as it was installed' : 'PROBLEMS'}`);
} finally {
  await rm(work, { recursive: true, force: true });
}
