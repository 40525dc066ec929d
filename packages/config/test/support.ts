import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BerthEvent } from '@berth/base';
import { afterEach } from '@jest/globals';
import { type Configuration, type HostFacts, loadConfiguration, type LoadOptions } from '../src/index.ts';

export const HOST: HostFacts = {
  platform: 'linux',
  os: 'debian12',
  target: 'zen3',
  targetFamily: 'x86_64',
  hostname: 'box',
  user: 'ada',
  tempDir: '/tmp',
  cpus: 4,
  pathMax: 4096,
  date: '2026-01-02',
};

export const SIGNAL: AbortSignal = new AbortController().signal;

const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A folder with these files, removed after the test. */
export function folder(files: Readonly<Record<string, string>> = {}): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'berth-config-')));
  directories.push(root);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

export function read(root: string, name: string): string {
  return readFileSync(join(root, name), 'utf8');
}

export interface Loaded {
  readonly configuration: Configuration;
  readonly events: BerthEvent[];
}

/** Loads with `cfg/` as the user's scope and nothing of this machine. */
export async function load(root: string, options: Partial<LoadOptions> = {}): Promise<Loaded> {
  const events: BerthEvent[] = [];
  const configuration = await loadConfiguration({
    env: { SPACK_USER_CONFIG_PATH: join(root, 'cfg'), SPACK_SYSTEM_CONFIG_PATH: join(root, 'system'), ...options.env },
    home: join(root, 'home'),
    cwd: root,
    host: HOST,
    signal: SIGNAL,
    emit: (event) => events.push(event),
    environment: { kind: 'none' },
    ...Object.fromEntries(Object.entries(options).filter(([key]) => key !== 'env')),
  });
  return { configuration, events };
}

/** The error of a failed promise or call. */
export async function failure(run: () => unknown): Promise<Error & { code?: string; kind?: string; hint?: string }> {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected a failure');
}

export function warnings(events: readonly BerthEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
}
