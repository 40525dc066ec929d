import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLockfile, formatLockfile } from '@berth/config';
import { type JsonObject } from '@berth/base';
import { type ConcreteSpec, createNode, linkNodes, singleVariant, targetByName } from '@berth/spec';
import {
  DEFAULT_PERMISSIONS,
  DEFAULT_PROJECTIONS,
  openStore,
  type Store,
  writeInstallManifest,
  writePrefixSpec,
} from '@berth/store';

export interface SmallPackages {
  /** In the order of their names, `small-0000` and so on. */
  readonly specs: readonly ConcreteSpec[];
  /** The install tree they are in. */
  readonly tree: string;
  /** Folder of an environment whose roots they all are. */
  readonly environment: string;
}

export interface SmallPackagesOptions {
  readonly count: number;
  /** Default: `x86_64`. */
  readonly target?: string;
}

const signal = new AbortController().signal;

/** Installs packages of one script each, none of which needs another, in a tree below `folder`. */
export async function makeSmallPackages(folder: string, options: SmallPackagesOptions): Promise<SmallPackages> {
  const specs = makeSpecs(options);
  const tree = join(folder, `tree-of-small-packages-${options.target ?? 'here'}`);
  const store = await openTree(tree);
  for (const spec of specs) await installOne(store, spec);
  // One transaction: each writes the database as a whole.
  await store.database.transaction(
    async (records) => {
      for (const spec of specs) await records.add(spec, { explicit: true });
    },
    { signal },
  );
  const environment = join(folder, `environment-of-${options.count}-${options.target ?? 'here'}`);
  await mkdir(environment);
  const names = specs.map(({ name }) => `  - ${name}\n`).join('');
  await writeFile(join(environment, 'spack.yaml'), `spack:\n  specs:\n${names}  view: false\n`);
  const roots = specs.map((concrete) => ({ spec: concrete.name, concrete }));
  await writeFile(join(environment, 'spack.lock'), formatLockfile(createLockfile(roots, { writer: new Map() })));
  return { specs, tree, environment };
}

function makeSpecs({ count, target = 'x86_64' }: SmallPackagesOptions): readonly ConcreteSpec[] {
  const nodes = new Map<string, JsonObject>();
  for (let at = 0; at < count; at += 1) {
    const node = createNode({
      name: `small-${String(at).padStart(4, '0')}`,
      version: '1.0',
      architecture: { platform: 'linux', os: 'debian12', target: targetByName(target) },
      namespace: 'demo',
      variants: new Map([['build_system', singleVariant('generic')]]),
      packageHash: `${'a'.repeat(52)}====`,
      dependencies: [],
    });
    nodes.set(node.get('hash') as string, node);
  }
  return Array.from(linkNodes(nodes, { what: 'small packages' }).values());
}

async function openTree(root: string): Promise<Store> {
  return openStore({
    root,
    projections: DEFAULT_PROJECTIONS,
    permissionsOf: () => DEFAULT_PERMISSIONS,
    allowSgid: false,
    databaseLockTimeoutMs: 10_000,
    packageLockTimeoutMs: 10_000,
    locks: true,
    upstreams: [],
    emit: () => undefined,
    signal,
  });
}

async function installOne(store: Store, spec: ConcreteSpec): Promise<void> {
  const prefix = await store.prefixOf(spec, { signal });
  await using staging = await store.createStaging(prefix, { signal });
  await mkdir(join(staging.path, 'bin'), { recursive: true });
  await writeFile(join(staging.path, 'bin', spec.name), `#!/bin/sh\necho ${spec.name} in ${prefix}\n`, { mode: 0o755 });
  await writePrefixSpec(staging.path, spec);
  await writeInstallManifest(staging.path, { signal, finalPrefix: prefix });
  await staging.publish({ replace: false });
}
