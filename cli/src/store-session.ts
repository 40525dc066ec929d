import { type Emit } from '@berth/base';
import { type Configuration, type EnvironmentFiles, readEnvironment } from '@berth/config';
import { type ConcreteSpec, type DagHash, parseCliSpecs, readSpecDocument, type Spec } from '@berth/spec';
import { type Store } from '@berth/store';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type CommandContext } from './context.ts';

/** The active environment as its lock file has it. */
export interface ActiveEnvironment {
  readonly directory: string;
  readonly files: EnvironmentFiles;
  /** Empty as long as there is no lock file. */
  readonly roots: readonly ConcreteSpec[];
  /** Every concrete spec, by hash. */
  readonly specs: ReadonlyMap<DagHash, ConcreteSpec>;
}

/** What a command that only asks what is installed needs: no plugin has a part in it, so none is looked for. */
export interface StoreSession {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly signal: AbortSignal;
  readonly environment: ActiveEnvironment | undefined;
  /** Words of the command line as specs; file names are read. */
  readonly parse: (words: readonly string[]) => readonly Spec[];
}

/** Opens the configuration, the environment and the install tree. Nothing is created. */
export async function openStoreSession(context: CommandContext, emit: Emit = context.emit): Promise<StoreSession> {
  const { signal } = context;
  const configuration = await context.configuration();
  // Not before it is needed: commands that fail on their words should not pay for it.
  const { openConfiguredStore } = await import('@berth/store');
  return {
    configuration,
    store: await openConfiguredStore(configuration, { emit, signal }),
    signal,
    environment: await activeEnvironment(configuration, context),
    parse: (words) => parseCliSpecs(words, { loadFile: (path) => loadSpecFile(resolve(context.cwd(), path)) }),
  };
}

async function activeEnvironment(
  { environment }: Configuration,
  { signal, emit }: CommandContext,
): Promise<ActiveEnvironment | undefined> {
  if (environment === undefined) return undefined;
  const { directory } = environment;
  const files = await readEnvironment(directory, { signal, emit });
  const { lock } = files;
  return {
    directory,
    files,
    roots: lock?.roots.map(({ concrete }) => concrete) ?? [],
    specs: lock?.specs ?? new Map(),
  };
}

function loadSpecFile(path: string): ConcreteSpec {
  return readSpecDocument(readFileSync(path), { what: `spec file ${path}`, kind: 'usage' }).root;
}
