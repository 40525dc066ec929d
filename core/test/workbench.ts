import { afterEach } from '@jest/globals';
import { type BerthEvent } from '@berth/base';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { discoverPlugins, type DiscoveryOptions } from '../src/discovery.ts';
import { type InstallPlan } from '../src/pipelines/install-plan.ts';
import { type PushPlan } from '../src/pipelines/push-plan.ts';
import { createPluginHost, type PluginHost } from '../src/plugins.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures/plugins');
const made: string[] = [];

afterEach(async () => {
  for (const folder of made.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A home, a system folder and a project, all empty, that are gone after the test. */
export interface Workbench {
  readonly root: string;
  readonly options: DiscoveryOptions;
  readonly write: (name: string, text: string) => Promise<string>;
  /** Installs fixture plugins beside a folder's configuration file. */
  readonly install: (folder: 'system' | 'user' | 'project', ...plugins: readonly string[]) => Promise<void>;
}

export async function workbench(overrides: Partial<DiscoveryOptions> = {}): Promise<Workbench> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'berth-core-')));
  made.push(root);
  const options: DiscoveryOptions = {
    systemFolder: join(root, 'system'),
    userFolder: join(root, 'user'),
    projectFolder: join(root, 'project'),
    home: root,
    uid: process.getuid?.(),
    builtins: [],
    resolveFrom: [],
    ...overrides,
  };
  for (const folder of ['system', 'user', 'project']) await mkdir(join(root, folder));
  return {
    root,
    options,
    write: async (name, text) => {
      const file = join(root, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
      return file;
    },
    install: async (folder, ...plugins) => {
      for (const plugin of plugins) {
        await cp(join(FIXTURES, plugin), join(root, folder, 'node_modules', plugin), { recursive: true });
      }
    },
  };
}

/** A host whose user configuration lists these fixture plugins. */
export async function hostOf(
  plugins: readonly (string | readonly [string, object])[],
  settings: { readonly hookTimeoutMs?: number; readonly emit?: (event: BerthEvent) => void } = {},
): Promise<PluginHost> {
  const bench = await workbench();
  await bench.install('user', ...plugins.map((plugin) => (typeof plugin === 'string' ? plugin : plugin[0])));
  await bench.write('user/berth.config.json', JSON.stringify({ plugins }));
  const { plugins: entries } = await discoverPlugins(bench.options);
  return createPluginHost({ plugins: entries, emit: () => undefined, ...settings });
}

export const SIGNAL: AbortSignal = new AbortController().signal;

/** A plan of nothing, for either pipeline. */
export function emptyPlan(): InstallPlan & PushPlan {
  return { roots: [], packages: [], missing: [] };
}
