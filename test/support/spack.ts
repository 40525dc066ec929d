import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Running, start, succeeded } from './berth.ts';
import { type Bench, configure } from './bench.ts';

/** Path of a shell script that puts a real Spack on the PATH; without it, tests with Spack are skipped. */
export const SPACK_ENVIRONMENT: string | undefined = process.env['BERTH_PEER_SPACK'];

/** A real Spack that shares the configuration and the caches of a bench. */
export interface Spack {
  readonly start: (...words: string[]) => Running;
  /** Runs Spack, which must succeed, and returns its standard output. */
  readonly text: (...words: string[]) => Promise<string>;
}

/** The package repository of the golden build caches. */
const REPOSITORY = join(import.meta.dirname, '../../packages/store/test/fixtures/spack_repo/demo');

/** Spack with this folder as its user configuration, and nothing of the bench's but its caches. */
export function spackWith(bench: Bench, config: string): Spack {
  // The script sets its own folders, so ours come after it.
  const script = '. "$0"; export SPACK_USER_CONFIG_PATH="$1" SPACK_USER_CACHE_PATH="$2"; shift 2; exec spack "$@"';
  const begin = (words: readonly string[]): Running => {
    const cache = join(bench.folder, 'cache');
    const argv = ['-c', script, SPACK_ENVIRONMENT ?? '', config, cache, ...words];
    return start('sh', argv, { env: bench.env, cwd: bench.folder });
  };
  return {
    start: (...words) => begin(words),
    text: (...words) => succeeded(`spack ${words.join(' ')}`, begin(words)),
  };
}

/**
 * Gives a bench the configuration that the Spack has of itself, and the golden packages' repository; what it has worked out
 * about its own packages is not worked out again.
 */
export async function shareSpack(bench: Bench): Promise<Spack> {
  const probe = start('sh', ['-c', `. "$0"; echo "$SPACK_USER_CONFIG_PATH"`, SPACK_ENVIRONMENT ?? ''], {
    env: bench.env,
    cwd: bench.folder,
  });
  const theirs = (await succeeded('the environment of Spack', probe)).trim();
  if (existsSync(theirs)) await cp(theirs, bench.config, { recursive: true });
  await linkCaches(join(bench.config, 'config.yaml'), join(bench.folder, 'cache/misc'));
  const repos = join(bench.config, 'repos.yaml');
  const known = existsSync(repos) ? await readFile(repos, 'utf8') : 'repos:\n';
  await writeFile(repos, known.replace(/^repos:\n/m, `repos:\n  demo: ${REPOSITORY}\n`));
  // With this, Spack takes patchelf and its like from the PATH.
  await configure(bench, 'bootstrap', { enable: true, sources: [] });
  return spackWith(bench, bench.config);
}

/** All of `misc_cache` but the indexes of mirrors, which belong to the bench. */
async function linkCaches(configFile: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const text = existsSync(configFile) ? await readFile(configFile, 'utf8') : '';
  const [, cache] = /^ *misc_cache: *(\/\S+)$/m.exec(text) ?? [];
  if (cache === undefined || !existsSync(cache)) return;
  for (const name of await readdir(cache)) if (name !== 'indices') await symlink(join(cache, name), join(folder, name));
}
