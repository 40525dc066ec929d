import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BerthEvent } from '@berth/base';
import { parseLockfile } from '@berth/config';
import {
  createPluginHost,
  type InstallOptions,
  type OpenMirror,
  type PipelineContext,
  type PluginHost,
} from '@berth/core';
import mirrorFs from '@berth/mirror-fs';
import { type ConcreteSpec } from '@berth/spec';
import { DEFAULT_PROJECTIONS, openStore } from '@berth/store';

const QUICKSTART = join(import.meta.dirname, '../../../examples/quickstart');

export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly root: string;
  readonly events: BerthEvent[];
  readonly context: PipelineContext;
  readonly host: PluginHost;
  /** Of the quickstart environment: greet, libgreet, gcc-runtime, glibc, … */
  readonly specs: ReadonlyMap<string, ConcreteSpec>;
  spec(name: string): ConcreteSpec;
  /** A copy of the quickstart's build cache, opened as a mirror. */
  quickstartMirror(
    name: string,
    options?: { readonly signed?: boolean },
  ): Promise<OpenMirror & { readonly path: string }>;
  mirrorAt(path: string, options: { readonly name: string; readonly signed?: boolean }): Promise<OpenMirror>;
  installOptions(mirrors: readonly OpenMirror[], changes?: Partial<InstallOptions>): InstallOptions;
  /** Another process's view of the same tree: nothing in memory is shared. */
  otherContext(): Promise<PipelineContext>;
}

export interface WorldOptions {
  readonly rootName?: string;
  /** What the temporary folder begins with; a short one leaves room for paths that cannot grow. */
  readonly folderPrefix?: string;
  readonly signal?: AbortSignal;
}

/** A temporary folder with an install tree, and the quickstart's specs to install into it. */
export async function makeWorld(options: WorldOptions = {}): Promise<World> {
  const folder = await mkdtemp(options.folderPrefix ?? join(tmpdir(), 'berth-core-'));
  const root = join(folder, options.rootName ?? 'store');
  const signal = options.signal ?? new AbortController().signal;
  const events: BerthEvent[] = [];
  const emit = (event: BerthEvent): void => void events.push(event);
  const host = createPluginHost({
    plugins: [
      {
        name: '@berth/mirror-fs',
        origin: 'built-in',
        options: {},
        packageJson: async () => ({ berthPlugin: { apiVersion: 1, provides: ['mirror:file'] } }),
        load: async () => ({ default: mirrorFs }),
      },
    ],
    emit,
  });
  const open = async (): Promise<PipelineContext> => ({
    store: await openTestStore(root, emit, signal),
    host,
    emit,
    signal,
  });
  const lock = parseLockfile(await readFile(join(QUICKSTART, 'environment/spack.lock')), 'quickstart');
  const specs = new Map([...lock.specs.values()].map((spec) => [spec.name, spec]));
  const spec = (name: string): ConcreteSpec => {
    const found = specs.get(name);
    if (found === undefined) throw new Error(`no spec ${name} in the quickstart`);
    return found;
  };
  const world: World = {
    ...{ folder, root, events, host, specs, spec, context: await open(), otherContext: open },
    mirrorAt: async (path, { name, signed = false }) => {
      const connection = {
        ...({ name, direction: 'push', url: pathToFileURL(path).href, settings: {}, emit } as const),
        credentials: async () => undefined,
        cacheDir: join(folder, 'cache'),
      };
      return { mirror: await host.openMirror(connection, { signal }), name, url: connection.url, signed };
    },
    quickstartMirror: async (name, mirrorOptions = {}) => {
      const path = join(folder, `mirror-${name}`);
      await cp(join(QUICKSTART, 'mirror'), path, { recursive: true });
      return { ...(await world.mirrorAt(path, { name, ...mirrorOptions })), path };
    },
    installOptions: (mirrors, changes = {}) => ({
      roots: [spec('greet')],
      mirrorsFor: () => mirrors,
      scope: 'all',
      overwrite: false,
      includeBuildDependencies: false,
      checkSignatures: true,
      failFast: false,
      concurrency: 4,
      platform: 'linux',
      ...changes,
    }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  return world;
}

function openTestStore(
  root: string,
  emit: (event: BerthEvent) => void,
  signal: AbortSignal,
): ReturnType<typeof openStore> {
  return openStore({
    ...{ root, emit, signal },
    projections: DEFAULT_PROJECTIONS,
    permissionsOf: () => ({ read: 'world', write: 'user' }),
    allowSgid: true,
    databaseLockTimeoutMs: 20_000,
    packageLockTimeoutMs: 20_000,
    locks: true,
    upstreams: [],
  });
}
