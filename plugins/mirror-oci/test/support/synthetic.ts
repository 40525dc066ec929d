import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePackage } from '@berth/archive';
import { type JsonObject } from '@berth/base';
import { type Publication } from '@berth/buildcache';
import { type ConcreteSpec, createNode, type DagHash, linkNodes, targetByName } from '@berth/spec';
import { publicationOf } from './publications.ts';

export interface SyntheticPackage {
  readonly name: string;
  readonly target?: string;
  readonly version?: string;
  /** Names of packages before this one in the list. */
  readonly dependencies?: readonly string[];
}

/** Concrete specs of packages that nobody built, in the order of the list. */
export function syntheticGraph(packages: readonly SyntheticPackage[]): ReadonlyMap<string, ConcreteSpec> {
  const nodes = new Map<string, JsonObject>();
  const hashes = new Map<string, DagHash>();
  const hashOf = (name: string): DagHash => {
    const hash = hashes.get(name);
    if (hash === undefined) throw new Error(`${name} is not before its dependents`);
    return hash;
  };
  for (const { name, target = 'x86_64', version = '1.0', dependencies = [] } of packages) {
    const node = createNode({
      name,
      version,
      architecture: { platform: 'linux', os: 'debian12', target: targetByName(target) },
      namespace: 'demo',
      variants: new Map(),
      packageHash: `${'a'.repeat(52)}====`,
      dependencies: dependencies.map((each) => ({
        name: each,
        hash: hashOf(each),
        types: ['link'],
        virtuals: [],
      })),
    });
    const hash = node.get('hash') as DagHash;
    hashes.set(name, hash);
    nodes.set(hash, node);
  }
  const linked = linkNodes(nodes, { what: 'synthetic graph' });
  return new Map(Array.from(linked.values(), (spec) => [spec.name, spec]));
}

/** A package with a real archive: one file, `share/NAME`, of the size asked for. */
export async function packedPublication(spec: ConcreteSpec, sizeBytes = 10): Promise<Publication> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-oci-pack-'));
  try {
    const prefix = join(folder, 'prefix');
    await mkdir(join(prefix, 'share'), { recursive: true });
    await writeFile(join(prefix, 'share', spec.name), noise(sizeBytes, spec.hash));
    const packed = await writePackage({
      prefix,
      recordedPrefix: `/opt/golden/store/${spec.name}-${spec.hash}`,
      buildInfo: Buffer.from('{}\n'),
      to: join(folder, 'archive'),
      signal: new AbortController().signal,
    });
    const bytes = await readFile(join(folder, 'archive'));
    return publicationOf(spec, { bytes, diffId: packed.diffId });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bytes that compress badly, the same for the same seed. */
function noise(count: number, seed: string): Buffer {
  let state = Array.from(seed).reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) >>> 0, 7);
  return Buffer.from(
    Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    }),
  );
}
