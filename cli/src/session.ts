import { type ArchiveMemory, createArchiveMemory } from '@berth/buildcache';
import { type Configuration } from '@berth/config';
import {
  openBinaryMirrors,
  type OpenMirror,
  type OpenMirrorsOptions,
  type PipelineContext,
  resolveSpecs,
} from '@berth/core';
import { type ConcreteSpec, type Spec, targetAtMost } from '@berth/spec';
import { join } from 'node:path';
import { type CommandContext } from './context.ts';
import { openStoreSession, type StoreSession } from './store-session.ts';

/** What a command that works on packages needs, opened from the configuration. */
export interface Session extends StoreSession {
  readonly pipeline: PipelineContext;
  readonly mirrorOptions: OpenMirrorsOptions;
}

/** Opens the plugins, then what every session has; observers among them are told what happens. */
export async function openSession(context: CommandContext): Promise<Session> {
  const { signal } = context;
  const host = await context.plugins();
  const emit = await host.observedEmit({ signal });
  const session = await openStoreSession(context, emit);
  const { mirrorSettings } = await context.discovery();
  const { configuration, store } = session;
  return {
    ...session,
    pipeline: { store, host, emit, signal },
    mirrorOptions: { configuration, host, settings: mirrorSettings, env: context.facts.env, emit, signal },
  };
}

/** What is known of the archives that packages were installed from. */
export function archiveMemory({ configuration }: Session): ArchiveMemory {
  return createArchiveMemory(join(configuration.paths.miscCache, 'blobs'));
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
export function runsHere({
  substitution: { host },
}: Pick<Configuration, 'substitution'>): (spec: ConcreteSpec) => boolean {
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
