import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
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

export interface PackageSetSize {
  /** Packages, the root included. */
  readonly packages: number;
  /** Small text files in each, with prefixes to relocate. */
  readonly texts: number;
  /** Of bytes that do not compress, in each. */
  readonly dataBytes: number;
}

/** Packages that depend on one another, installed in a tree of their own, and an environment that locks them. */
export interface PackageSet {
  readonly root: ConcreteSpec;
  readonly specs: readonly ConcreteSpec[];
  /** The install tree they were built in. */
  readonly tree: string;
  /** Folder of `spack.yaml` and `spack.lock`. */
  readonly environment: string;
}

const signal = new AbortController().signal;

/** Makes a package set below `folder`. The same size gives the same specs and the same files. */
export async function makePackageSet(folder: string, size: PackageSetSize): Promise<PackageSet> {
  const specs = makeSpecs(size.packages);
  const root = specs[0];
  if (root === undefined) throw new Error('a package set has a root');
  // Long, so that the packages fit into any shorter tree.
  const tree = join(folder, 'the-install-tree-in-which-the-packages-were-built');
  await installAll(tree, specs, size);
  const environment = join(folder, 'set');
  await mkdir(environment);
  await writeFile(join(environment, 'spack.yaml'), `spack:\n  specs:\n  - ${root.name}\n  view: false\n`);
  const lockfile = createLockfile([{ spec: root.name, concrete: root }], { writer: new Map() });
  await writeFile(join(environment, 'spack.lock'), formatLockfile(lockfile));
  return { root, specs, tree, environment };
}

/** A binary tree of packages, each also linked with its right neighbour; the root first. */
function makeSpecs(count: number): readonly ConcreteSpec[] {
  const nodes = new Map<string, JsonObject>();
  const hashes: string[] = [];
  for (let at = count - 1; at >= 0; at -= 1) {
    const children = [...new Set([2 * at + 1, 2 * at + 2, at + 1])].filter((child) => child < count);
    const node = createNode({
      name: nameOf(at),
      version: `1.${at}`,
      architecture: { platform: 'linux', os: 'debian12', target: targetByName('x86_64') },
      namespace: 'demo',
      variants: new Map([['build_system', singleVariant('generic')]]),
      packageHash: `${'a'.repeat(52)}====`,
      dependencies: children.map((child) => ({
        name: nameOf(child),
        hash: hashes[child] as ConcreteSpec['hash'],
        types: ['link', 'run'],
        virtuals: [],
      })),
    });
    const hash = node.get('hash') as string;
    hashes[at] = hash;
    nodes.set(hash, node);
  }
  const linked = linkNodes(nodes, { what: 'package set' });
  return [...linked.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function nameOf(at: number): string {
  return `part-${String(at).padStart(2, '0')}`;
}

async function installAll(tree: string, specs: readonly ConcreteSpec[], size: PackageSetSize): Promise<void> {
  const store = await openStore({
    root: tree,
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
  for (const spec of specs.toReversed()) await installPart(store, spec, size);
}

async function installPart(store: Store, spec: ConcreteSpec, size: PackageSetSize): Promise<void> {
  const prefix = await store.prefixOf(spec, { signal });
  await using staging = await store.createStaging(prefix, { signal });
  const needs: Need[] = [];
  for (const { spec: need } of spec.dependencies) {
    needs.push({ name: need.name, prefix: await store.prefixOf(need, { signal }) });
  }
  await fill(staging.path, { name: spec.name, prefix, needs, ...size });
  await writePrefixSpec(staging.path, spec);
  await writeInstallManifest(staging.path, { signal, finalPrefix: prefix });
  await staging.publish({ replace: false });
  await store.database.transaction(async (records) => records.add(spec, { explicit: spec.name === nameOf(0) }), {
    signal,
  });
}

interface Need {
  readonly name: string;
  readonly prefix: string;
}

interface Content extends PackageSetSize, Need {
  readonly needs: readonly Need[];
}

async function fill(tree: string, { name, prefix, needs, texts, dataBytes }: Content): Promise<void> {
  await mkdir(join(tree, 'bin'), { recursive: true });
  await mkdir(join(tree, 'share/pages'), { recursive: true });
  // One need only, so that the programs call each other along a line and not along every path of the graph.
  const [next] = needs;
  const call = next === undefined ? '' : `${next.prefix}/bin/${next.name}\n`;
  await writeFile(join(tree, 'bin', name), `#!/bin/sh\nhead -n 1 ${prefix}/share/first\n${call}`, { mode: 0o755 });
  await writeFile(join(tree, 'share/data.bin'), noise(name, dataBytes));
  await symlink(join(prefix, 'share/pages/0'), join(tree, 'share/first'));
  for (let page = 0; page < texts; page += 1) {
    const text = [`page ${page} of ${name}`, prefix, ...needs.map((need) => need.prefix), ''].join('\n');
    await writeFile(join(tree, `share/pages/${page}`), text);
  }
}

/** The same bytes for the same seed. */
function noise(seed: string, bytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at * 64 < bytes; at += 1) blocks.push(createHash('sha512').update(`${seed} ${at}`).digest());
  return Buffer.concat(blocks).subarray(0, bytes);
}
