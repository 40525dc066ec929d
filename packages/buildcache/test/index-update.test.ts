import { beforeEach, describe, expect, test } from '@jest/globals';
import { type BerthEvent } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { type Mirror, objectStoreMirror } from '../src/index.ts';
import { goldenSpec, publicationOf, syntheticSpecs } from './support/publications.ts';
import {
  connectionOf,
  createMemoryStore,
  loadMirror,
  type MemoryStore,
  signal,
  withoutCapability,
} from './support/stores.ts';

const MANIFEST = 'v3/manifests/index/index.manifest.json';
const events: BerthEvent[] = [];
let store = createMemoryStore();

beforeEach(() => {
  store = createMemoryStore();
  events.length = 0;
});

function mirrorOf(of: MemoryStore = store, view?: string): Required<Mirror> {
  return objectStoreMirror(of, connectionOf({ direction: 'push', view }, events)) as Required<Mirror>;
}

async function listed(mirror: Mirror = mirrorOf()): Promise<readonly string[]> {
  return Array.from((await mirror.index({ signal }))?.hashes() ?? []).sort();
}

const hashesOf = (specs: readonly ConcreteSpec[]): readonly string[] => specs.map(({ hash }) => hash as string).sort();
const readIndex = (of: MemoryStore = store): string => {
  const digest = /"checksum":"(\w+)"/.exec(of.objects.get(MANIFEST)?.toString() ?? '')?.[1] ?? '';
  return of.objects.get(`blobs/sha256/${digest.slice(0, 2)}/${digest}`)?.toString() ?? '';
};

test('the order of records is canonical: dependencies in the order of the edges, then the package', async () => {
  await mirrorOf().updateIndex({ add: [goldenSpec('greet')] }, { signal });
  const { database } = JSON.parse(readIndex()) as {
    database: { installs: Record<string, { spec: { name: string }; ref_count: number }> };
  };
  const records = Object.values(database.installs).map(({ spec, ref_count: count }) => [spec.name, count]);
  expect(records).toEqual([
    ['compiler-wrapper', 2],
    ['gcc', 3],
    ['glibc', 3],
    ['gcc-runtime', 2],
    ['gmake', 2],
    ['libgreet', 1],
    ['greet', 0],
  ]);
});

test('adding in any order, one by one or at once, gives the same records', async () => {
  const specs = ['greet', 'gcc-runtime', 'libgreet'].map(goldenSpec);
  await mirrorOf().updateIndex({ add: specs }, { signal });
  const atOnce = JSON.parse(readIndex()) as unknown;
  const second = createMemoryStore();
  for (const spec of specs.toReversed()) await mirrorOf(second).updateIndex({ add: [spec] }, { signal });
  expect(JSON.parse(readIndex(second))).toEqual(atOnce);
});

test('what the index has already changes nothing and writes nothing', async () => {
  const mirror = mirrorOf();
  await mirror.updateIndex({ add: [goldenSpec('greet')] }, { signal });
  store.calls.length = 0;
  expect(await mirror.updateIndex({ add: [goldenSpec('greet')] }, { signal })).toEqual({ packages: 1, changed: false });
  expect(store.calls.filter((call) => call.startsWith('put'))).toEqual([]);
});

test("records of Spack's index are kept byte for byte when others are added", async () => {
  const spack = loadMirror('v3-unsigned');
  const before = readIndex(spack);
  const [spec] = syntheticSpecs(1);
  if (spec === undefined) throw new Error('no spec');
  expect(await mirrorOf(spack).updateIndex({ add: [spec] }, { signal })).toEqual({ packages: 4, changed: true });
  expect(readIndex(spack).startsWith(before.slice(0, -3))).toBe(true);
});

test('a dependency that is pushed later becomes available and keeps its other fields', async () => {
  const mirror = mirrorOf();
  await mirror.updateIndex({ add: [goldenSpec('greet')] }, { signal });
  const { hash } = goldenSpec('libgreet');
  const index = readIndex().replace(`"${hash}":{`, `"${hash}":{"later":[1.50],`);
  await replaceIndex(index);
  expect(await mirror.updateIndex({ add: [goldenSpec('libgreet')] }, { signal })).toEqual({
    packages: 2,
    changed: true,
  });
  expect(readIndex()).toContain('"later":[1.50],');
  expect(await listed()).toEqual(hashesOf([goldenSpec('greet'), goldenSpec('libgreet')]));
});

async function replaceIndex(text: string): Promise<void> {
  const { createHash } = await import('node:crypto');
  const digest = createHash('sha256').update(text).digest('hex');
  store.objects.set(`blobs/sha256/${digest.slice(0, 2)}/${digest}`, Buffer.from(text));
  const manifest = (store.objects.get(MANIFEST)?.toString() ?? '')
    .replace(/"checksum":"\w+"/, `"checksum":"${digest}"`)
    .replace(/"contentLength":\d+/, `"contentLength":${Buffer.byteLength(text)}`);
  store.objects.set(MANIFEST, Buffer.from(manifest));
}

describe('X06: of several writers at once none loses an entry', () => {
  test('8 writers add 20 packages each', async () => {
    const writers = Array.from({ length: 8 }, (_, writer) => syntheticSpecs(20, `w${writer}`));
    await Promise.all(
      writers.map(async (specs) => {
        for (const spec of specs) await mirrorOf().updateIndex({ add: [spec] }, { signal });
      }),
    );
    const specs = writers.flat();
    expect(specs).toHaveLength(160);
    expect(await listed()).toEqual(hashesOf(specs));
    const { database } = JSON.parse(readIndex()) as {
      database: { installs: Record<string, { spec: { name: string }; ref_count: number }> };
    };
    expect(Object.values(database.installs).find(({ spec }) => spec.name === 'base')?.ref_count).toBe(160);
  }, 60_000);

  test('a rebuild keeps what was added while it listed', async () => {
    const [first, late] = syntheticSpecs(2);
    if (first === undefined || late === undefined) throw new Error('no specs');
    await mirrorOf().publish(publicationOf(first, 'x'), { signal });
    let added = false;
    const racing: MemoryStore = {
      ...store,
      put: async (key, body, options) => {
        if (key === MANIFEST && !added) {
          added = true;
          await mirrorOf().updateIndex({ add: [late] }, { signal });
        }
        await store.put(key, body, options);
      },
    };
    await mirrorOf(racing).updateIndex({ rebuild: true }, { signal });
    expect(await listed()).toEqual(hashesOf([first, late]));
  });

  test('a store without conditional writes is written with a warning', async () => {
    const plain = createMemoryStore({ conditionalWrites: false });
    await mirrorOf(plain).updateIndex({ add: [goldenSpec('greet')] }, { signal });
    expect(await listed(mirrorOf(plain))).toEqual(hashesOf([goldenSpec('greet')]));
    expect(events).toContainEqual(expect.objectContaining({ code: 'INDEX_UNGUARDED' }));
  });
});

test('X07: a writer killed between blob and manifest leaves the old index', async () => {
  await mirrorOf().updateIndex({ add: [goldenSpec('gcc-runtime')] }, { signal });
  const killed: MemoryStore = {
    ...store,
    put: async (key, body, options) => {
      if (key === MANIFEST) throw new Error('killed');
      await store.put(key, body, options);
    },
  };
  await expect(mirrorOf(killed).updateIndex({ add: [goldenSpec('greet')] }, { signal })).rejects.toThrow('killed');
  expect(await listed()).toEqual(hashesOf([goldenSpec('gcc-runtime')]));
});

describe('a rebuild', () => {
  test('of a mirror of Spack gives the index of Spack, up to order', async () => {
    const spack = loadMirror('v3-unsigned');
    const before = JSON.parse(readIndex(spack)) as unknown;
    expect(await mirrorOf(spack).updateIndex({ rebuild: true }, { signal })).toMatchObject({ packages: 3 });
    expect(JSON.parse(readIndex(spack))).toEqual(before);
  });

  test('of signed packages reads their manifests', async () => {
    expect(await mirrorOf(loadMirror('v3-signed')).updateIndex({ rebuild: true }, { signal })).toMatchObject({
      packages: 3,
    });
  });

  test('twice changes nothing', async () => {
    const spack = loadMirror('v3-unsigned');
    await mirrorOf(spack).updateIndex({ rebuild: true }, { signal });
    expect(await mirrorOf(spack).updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 3, changed: false });
  });

  test('X04: drops what is no longer on the mirror', async () => {
    const spack = loadMirror('v3-unsigned');
    for (const key of spack.objects.keys()) if (key.includes('/spec/greet/')) spack.objects.delete(key);
    await mirrorOf(spack).updateIndex({ rebuild: true }, { signal });
    expect(await listed(mirrorOf(spack))).toEqual(hashesOf([goldenSpec('gcc-runtime'), goldenSpec('libgreet')]));
  });

  test.each([
    ['its manifest is broken', (bytes: Buffer) => bytes.subarray(0, 50)],
    ['J14: its manifest is that of another package', undefined],
  ])('leaves out a package with a warning when %s', async (_name, damage) => {
    const spack = loadMirror('v3-unsigned');
    const [greet = '', libgreet = ''] = ['greet', 'libgreet'].map((name) =>
      Array.from(spack.objects.keys()).find((key) => key.startsWith(`v3/manifests/spec/${name}/`)),
    );
    const other = spack.objects.get(libgreet) ?? Buffer.alloc(0);
    spack.objects.set(greet, damage?.(other) ?? other);
    await mirrorOf(spack).updateIndex({ rebuild: true }, { signal });
    expect(await listed(mirrorOf(spack))).toEqual(hashesOf([goldenSpec('gcc-runtime'), goldenSpec('libgreet')]));
    expect(events).toContainEqual(expect.objectContaining({ code: 'PACKAGE_UNREADABLE' }));
  });

  test('X14: a listing that fails half-way changes nothing', async () => {
    const spack = loadMirror('v3-unsigned');
    const before = spack.objects.get(MANIFEST);
    const failing: MemoryStore = {
      ...spack,
      list: async function* list() {
        yield 'v3/manifests/spec/greet/greet-1.0-7y7a35nxci34gy7e3r7bdjnes5o2o7bm.spec.manifest.json';
        throw new Error('listing broke');
      },
    };
    await expect(mirrorOf(failing).updateIndex({ rebuild: true }, { signal })).rejects.toThrow('listing broke');
    expect(spack.objects.get(MANIFEST)).toBe(before);
  });

  test('of a view keeps the choice of the view', async () => {
    const spack = loadMirror('v3-view');
    const mirror = mirrorOf(spack, 'team/b');
    await mirror.updateIndex({ add: [goldenSpec('libgreet')] }, { signal });
    await mirror.updateIndex({ rebuild: true }, { signal });
    expect(await listed(mirror)).toEqual(hashesOf([goldenSpec('libgreet')]));
    expect(spack.objects.has('v3/manifests/index/team/b/index.manifest.json')).toBe(true);
  });

  test('needs a store that can list', async () => {
    const blind = withoutCapability(createMemoryStore(), 'list') as MemoryStore;
    await expect(mirrorOf(blind).updateIndex({ rebuild: true }, { signal })).rejects.toMatchObject({
      code: 'ERR_NO_LISTING',
    });
  });
});

test.each([
  ['its manifest cannot be read', (of: MemoryStore) => of.objects.set(MANIFEST, Buffer.from('x'))],
  [
    'its blob is gone',
    (of: MemoryStore) =>
      of.objects.delete('blobs/sha256/06/065931a7d86d864883ac193942d9d5d287f382d65975f94da0bfa67e7a675de9'),
  ],
])('a broken index is rebuilt from the packages when something is added: %s', async (_name, breakIt) => {
  const spack = loadMirror('v3-unsigned');
  breakIt(spack);
  const [spec] = syntheticSpecs(1);
  if (spec === undefined) throw new Error('no spec');
  expect(await mirrorOf(spack).updateIndex({ add: [spec] }, { signal })).toEqual({ packages: 4, changed: true });
  expect(await listed(mirrorOf(spack))).toHaveLength(4);
});
