import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BerthEvent } from '@berth/base';
import { type ConcreteSpec, linkNodes } from '@berth/spec';
import { parseDatabaseIndex } from '../src/database/index-text.ts';
import { writeInstallManifest } from '../src/install/install-manifest.ts';
import { writePrefixSpec } from '../src/install/prefix-metadata.ts';
import { DEFAULT_PERMISSIONS } from '../src/layout/permissions.ts';
import { DEFAULT_PROJECTIONS } from '../src/layout/projections.ts';
import { openStore, type Store, type StoreOptions } from '../src/store.ts';
import { readFixture, signal, temporaryFolder } from './helpers.ts';

export interface TestStore {
  readonly store: Store;
  readonly root: string;
  readonly events: BerthEvent[];
}

export async function openTestStore(options: Partial<StoreOptions> = {}): Promise<TestStore> {
  const root = options.root ?? join(await temporaryFolder(), 'store');
  const events: BerthEvent[] = [];
  const store = await openStore({
    root,
    projections: DEFAULT_PROJECTIONS,
    permissionsOf: () => DEFAULT_PERMISSIONS,
    allowSgid: true,
    databaseLockTimeoutMs: 5000,
    packageLockTimeoutMs: 0,
    locks: true,
    upstreams: [],
    emit: (event) => events.push(event),
    signal,
    ...options,
  });
  return { store, root, events };
}

export function warnings(events: readonly BerthEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'warning' ? [event.code] : []));
}

/** greet → libgreet → gcc-runtime, with compiler, wrapper and make as build dependencies. */
export async function demoSpecs(): Promise<ReadonlyMap<string, ConcreteSpec>> {
  const { records } = parseDatabaseIndex(await readFixture('store-metadata/database-index.json'), 'fixture');
  const nodes = new Map(Array.from(records, ([hash, record]) => [hash as string, record.node.json]));
  return new Map(Array.from(linkNodes(nodes, { what: 'fixture' }).values(), (spec) => [spec.name, spec] as const));
}

export async function demoSpec(name: string): Promise<ConcreteSpec> {
  const spec = (await demoSpecs()).get(name);
  if (spec === undefined) throw new Error(`the fixture has no ${name}`);
  return spec;
}

/** Installs a tree of two files as the pipelines do: staging, publication, record. */
export async function installDemo(store: Store, spec: ConcreteSpec, explicit: boolean): Promise<string> {
  const prefix = await store.prefixOf(spec, { signal });
  await using staging = await store.createStaging(prefix, { signal });
  await fillDemoTree(staging.path, spec, prefix);
  await staging.publish({ replace: false });
  await store.database.transaction(async (records) => records.add(spec, { explicit }), { signal });
  return prefix;
}

export async function fillDemoTree(tree: string, spec: ConcreteSpec, prefix: string): Promise<void> {
  await mkdir(join(tree, 'bin'), { recursive: true });
  await mkdir(join(tree, 'share', 'man'), { recursive: true });
  await writeFile(join(tree, 'bin', spec.name), `#!/bin/sh\necho ${spec.name}\n`, { mode: 0o755 });
  await writeFile(join(tree, 'share', 'man', 'page'), 'text\n');
  await writePrefixSpec(tree, spec);
  await writeInstallManifest(tree, { signal, finalPrefix: prefix });
}
