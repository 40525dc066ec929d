import { BerthError } from '@berth/base';
import { type Configuration, type EnvironmentFiles, readEnvironment } from '@berth/config';
import {
  openBinaryMirrors,
  openConfiguredStore,
  type OpenMirror,
  type OpenMirrorsOptions,
  type PipelineContext,
  resolveSpecs,
} from '@berth/core';
import {
  type ConcreteSpec,
  type DagHash,
  formatSpec,
  parseCliSpecs,
  readSpecDocument,
  satisfies,
  type Spec,
  targetAtMost,
} from '@berth/spec';
import { type DatabaseSnapshot, type Store } from '@berth/store';
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

/** What a command that works on packages needs, opened from the configuration. */
export interface Session {
  readonly configuration: Configuration;
  readonly store: Store;
  readonly pipeline: PipelineContext;
  readonly mirrorOptions: OpenMirrorsOptions;
  readonly environment: ActiveEnvironment | undefined;
  /** Words of the command line as specs; file names are read. */
  readonly parse: (words: readonly string[]) => readonly Spec[];
}

/** Opens the configuration, the environment and the install tree. Nothing is created. */
export async function openSession(context: CommandContext): Promise<Session> {
  const { signal } = context;
  const configuration = await context.configuration();
  const host = await context.plugins();
  const emit = await host.observedEmit({ signal });
  const store = await openConfiguredStore(configuration, { emit, signal });
  const { mirrorSettings } = await context.discovery();
  return {
    configuration,
    store,
    pipeline: { store, host, emit, signal },
    mirrorOptions: { configuration, host, settings: mirrorSettings, env: context.facts.env, emit, signal },
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

/** The concrete specs that words name: in the environment, installed, or on one of `mirrors`. */
export async function resolveWords(
  session: Session,
  words: readonly string[],
  mirrors: readonly OpenMirror[],
): Promise<readonly ConcreteSpec[]> {
  const { configuration, environment, pipeline, store } = session;
  const snapshot = await store.database.read(pipeline);
  const known = [...(environment?.specs.values() ?? [])];
  return resolveSpecs(
    session.parse(words),
    { environment: known, snapshot, mirrors, runsHere: runsHere(configuration) },
    pipeline,
  );
}

/** Whether this machine can use a package: its platform and system, and its processor or an older compatible one. */
export function runsHere({ substitution: { host } }: Configuration): (spec: ConcreteSpec) => boolean {
  return ({ architecture: { platform, os, target } }) =>
    platform === host.platform && os === host.os && targetAtMost(target, host.target);
}

/** True for a query that says itself which machines it means. */
export function namesArchitecture(query: Spec | undefined): boolean {
  return Object.values(query?.architecture ?? {}).some((part) => part !== undefined);
}

/** Runs `use` with every binary mirror of the configuration open. */
export async function withBinaryMirrors<T>(
  { mirrorOptions }: Session,
  use: (mirrors: readonly OpenMirror[]) => Promise<T>,
): Promise<T> {
  await using opened = await openBinaryMirrors(mirrorOptions);
  return await use(opened.mirrors);
}

export interface SelectOptions {
  /** Several matches for one query are all taken (`-a`); otherwise they are an error. */
  readonly all: boolean;
  readonly snapshot: DatabaseSnapshot;
}

/** The installed specs that words select; in an environment only its own (cli §3). */
export function selectInstalled(
  session: Session,
  words: readonly string[],
  { all, snapshot }: SelectOptions,
): readonly ConcreteSpec[] {
  const members = session.environment?.specs;
  const installed = snapshot
    .query({ scope: 'local' })
    .map(({ spec }) => spec)
    .filter(({ hash }) => members === undefined || members.has(hash));
  if (words.length === 0) return all ? installed : [];
  const selected = session.parse(words).flatMap((query) => {
    const found = installed.filter((spec) => satisfies(spec, query));
    if (found.length === 0) throw noneInstalled(query);
    if (found.length > 1 && !all) throw severalInstalled(query, found);
    return found;
  });
  return [...new Set(selected)];
}

function noneInstalled(query: Spec): BerthError {
  return new BerthError('notfound', 'ERR_NOT_INSTALLED', `${formatSpec(query)}: no installed package matches`, {
    hint: 'berth find lists what is installed.',
  });
}

function severalInstalled(query: Spec, found: readonly ConcreteSpec[]): BerthError {
  const names = found.map(({ name, version, hash }) => `${name}@${version.text}/${hash.slice(0, 7)}`);
  return new BerthError('usage', 'ERR_SEVERAL_MATCH', `${formatSpec(query)}: several match: ${names.join(', ')}`, {
    hint: 'Name one by its hash, or take them all with --all where the command has it.',
    details: { candidates: found.map(({ hash }) => hash) },
  });
}
