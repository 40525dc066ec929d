import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BERTH, type Ended, type Running, start, succeeded } from './berth.ts';

/** A home of its own: configuration, caches and install trees that no other program on this machine sees. */
export interface Bench extends AsyncDisposable {
  readonly folder: string;
  /** `SPACK_USER_CONFIG_PATH`: the scope `user`. */
  readonly config: string;
  readonly env: NodeJS.ProcessEnv;
  /** Starts berth with these words. */
  readonly start: (...words: string[]) => Running;
  /** Runs berth to its end. */
  readonly run: (...words: string[]) => Promise<Ended>;
  /** Runs berth, which must succeed, and returns its standard output. */
  readonly text: (...words: string[]) => Promise<string>;
  /** Runs berth with `--json`, which must succeed. */
  readonly json: <T>(...words: string[]) => Promise<T>;
}

/** A new bench in a short folder, so that prefixes of golden archives fit. Removed when disposed of. */
export async function openBench(more: NodeJS.ProcessEnv = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'b-'));
  const config = join(folder, 'config');
  await mkdir(config);
  await mkdir(join(folder, 'home'));
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    HOME: join(folder, 'home'),
    SPACK_USER_CONFIG_PATH: config,
    SPACK_SYSTEM_CONFIG_PATH: join(folder, 'system'),
    SPACK_USER_CACHE_PATH: join(folder, 'cache'),
    ...more,
  };
  const begin = (words: readonly string[]): Running => start(process.execPath, [BERTH, ...words], { env, cwd: folder });
  const text = (words: readonly string[]): Promise<string> => succeeded(`berth ${words.join(' ')}`, begin(words));
  return {
    ...{ folder, config, env },
    start: (...words) => begin(words),
    run: (...words) => begin(words).ended,
    text: (...words) => text(words),
    json: async <T>(...words: string[]) => JSON.parse(await text([...words, '--json'])) as T,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** Writes one section of the bench's configuration; JSON is YAML. */
export async function configure(bench: Bench, section: string, value: unknown): Promise<void> {
  await writeFile(join(bench.config, `${section}.yaml`), `${JSON.stringify({ [section]: value })}\n`);
}

/** `config:` with this install tree; the cache is the bench's. */
export async function useTree(bench: Bench, root: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await configure(bench, 'config', {
    install_tree: { root },
    misc_cache: join(bench.folder, 'cache/misc'),
    ...more,
  });
}

/** Copies the quickstart's environment and build cache, and returns the environment's folder. */
export async function copyQuickstart(bench: Bench): Promise<string> {
  const from = join(import.meta.dirname, '../../examples/quickstart');
  for (const name of ['environment', 'mirror'])
    await cp(join(from, name), join(bench.folder, name), { recursive: true });
  return join(bench.folder, 'environment');
}
