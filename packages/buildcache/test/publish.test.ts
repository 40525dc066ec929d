import { describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { bytesSource, sha256Of } from '@berth/base';
import { type Mirror, objectStoreMirror, parseManifest, type Publication } from '../src/index.ts';
import { goldenSpec, publicationOf } from './support/publications.ts';
import {
  connectionOf,
  createMemoryStore,
  loadMirror,
  type MemoryStore,
  signal,
  withoutCapability,
} from './support/stores.ts';

const NAMES = ['gcc-runtime', 'libgreet', 'greet'];
const ARCHIVES: Readonly<Record<string, string>> = {
  greet: '63cee6ae0c96933f05df95203bc31f5f35f1f6b80c77823a6dbd011fefee3745',
  libgreet: 'e76d86d9f09f1f9bcd062557661c1909dc5492ed306020b08f9373a1ce0bfc52',
  'gcc-runtime': '752737bd6f1ec208565ecafbe8f74211be2783b032dec5ce41240e8e03e2487b',
};
const LAYOUT = 'v3/layout.json';

const golden = loadMirror('v3-unsigned');

function goldenPublication(name: string): Publication {
  const digest = ARCHIVES[name] ?? '';
  return publicationOf(goldenSpec(name), golden.objects.get(`blobs/sha256/${digest.slice(0, 2)}/${digest}`) ?? '');
}

function pushMirror(store: MemoryStore): Required<Mirror> {
  return objectStoreMirror(store, connectionOf({ direction: 'push' })) as Required<Mirror>;
}

async function pushGolden(store: MemoryStore): Promise<Required<Mirror>> {
  const mirror = pushMirror(store);
  for (const name of NAMES) expect(await mirror.publish(goldenPublication(name), { signal })).toBe('published');
  await mirror.updateIndex({ add: NAMES.map(goldenSpec) }, { signal });
  return mirror;
}

function manifestOf(store: MemoryStore, key: string): ReturnType<typeof parseManifest> {
  return parseManifest(store.objects.get(key) ?? '', key);
}

function indexOf(store: MemoryStore): {
  readonly database: { readonly version: string; readonly installs: Record<string, unknown> };
} {
  const [record] = manifestOf(store, 'v3/manifests/index/index.manifest.json');
  const bytes = store.objects.get(`blobs/sha256/${record?.digest.slice(0, 2) ?? ''}/${record?.digest ?? ''}`);
  return JSON.parse(bytes?.toString() ?? '') as ReturnType<typeof indexOf>;
}

const without = (keys: Iterable<string>, prefix: string): readonly string[] =>
  Array.from(keys)
    .filter((key) => !key.startsWith(prefix))
    .sort();

describe('a push of the golden packages into an empty mirror', () => {
  test('writes the files that Spack writes', async () => {
    const store = createMemoryStore();
    await pushGolden(store);
    expect(without(store.objects.keys(), 'blobs/')).toEqual(without(golden.objects.keys(), 'blobs/'));
    expect(store.objects.size).toBe(golden.objects.size);
    expect(store.objects.get(LAYOUT)?.toString()).toBe('{"signing": "gpg"}');
  });

  test('writes manifests that equal those of Spack up to digest and size of the spec blob', async () => {
    const store = createMemoryStore();
    await pushGolden(store);
    for (const key of without(golden.objects.keys(), 'blobs/').filter((each) => each.includes('/spec/'))) {
      const [ours, theirs] = [manifestOf(store, key), manifestOf(golden, key)];
      expect(ours[0]).toEqual(theirs[0]);
      expect(ours.map(({ mediaType, compression }) => ({ mediaType, compression }))).toEqual(
        theirs.map(({ mediaType, compression }) => ({ mediaType, compression })),
      );
    }
  });

  test('writes spec blobs with the content and the gzip header of Spack', async () => {
    const store = createMemoryStore();
    await pushGolden(store);
    for (const key of without(golden.objects.keys(), 'blobs/').filter((each) => each.includes('/spec/'))) {
      const blobs = [store, golden].map((each) => {
        const { digest } = manifestOf(each, key)[1] ?? { digest: '' };
        return each.objects.get(`blobs/sha256/${digest.slice(0, 2)}/${digest}`) ?? Buffer.alloc(0);
      });
      expect(blobs[0]?.subarray(0, 10)).toEqual(blobs[1]?.subarray(0, 10));
      expect(gunzipSync(blobs[0] ?? '').toString()).toBe(gunzipSync(blobs[1] ?? '').toString());
    }
  });

  test('writes the index of Spack, up to the order of its records', async () => {
    const store = createMemoryStore();
    await pushGolden(store);
    expect(indexOf(store)).toEqual(indexOf(golden));
  });

  test('leaves a mirror in which every package exists', async () => {
    const mirror = await pushGolden(createMemoryStore());
    for (const name of NAMES) expect(await mirror.exists(goldenSpec(name), { signal })).toBe(true);
  });
});

test('blobs come first and the manifest last', async () => {
  const store = createMemoryStore();
  await pushMirror(store).publish(goldenPublication('greet'), { signal });
  const puts = store.calls.filter((call) => call.startsWith('put')).map((call) => call.split('/')[0]);
  expect(puts).toEqual(['put blobs', 'put blobs', 'put v3', 'put v3']);
  expect(store.calls.at(-1)).toContain('put v3/manifests/spec/greet/');
});

test('the seal is given the manifest, and what it returns is the document', async () => {
  const store = createMemoryStore();
  const sealed = Buffer.from(
    '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nx\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n',
  );
  const given: string[] = [];
  const seal = async (document: Uint8Array): Promise<Uint8Array> => {
    given.push(Buffer.from(document).toString());
    return sealed;
  };
  await pushMirror(store).publish({ ...goldenPublication('greet'), seal }, { signal });
  expect(parseManifest(given[0] ?? '', 'm')).toHaveLength(2);
  expect(Array.from(store.objects.values()).some((bytes) => bytes.equals(sealed))).toBe(true);
});

test('an unsigned package is published again once there is a seal, a signed one is not', async () => {
  const store = createMemoryStore();
  const mirror = pushMirror(store);
  const publication = goldenPublication('greet');
  const armor = [
    '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n',
    '\n-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n',
  ];
  const seal = async (document: Uint8Array): Promise<Uint8Array> =>
    Buffer.from(armor.join(Buffer.from(document).toString()));
  expect(await mirror.publish(publication, { signal })).toBe('published');
  expect(await mirror.publish({ ...publication, seal }, { signal })).toBe('published');
  expect(await mirror.publish({ ...publication, seal }, { signal })).toBe('exists');
  expect((await mirror.find(publication.spec, { signal }))?.signed).toBe('clearsigned');
});

test('blobs that are there with the right size are not uploaded again', async () => {
  const store = createMemoryStore();
  const mirror = pushMirror(store);
  const publication = goldenPublication('greet');
  await mirror.publish(publication, { signal });
  for (const key of store.objects.keys()) if (key.startsWith('v3/manifests/spec')) store.objects.delete(key);
  store.calls.length = 0;
  expect(await mirror.publish(publication, { signal })).toBe('published');
  expect(store.calls.filter((call) => call.startsWith('put blobs'))).toEqual([]);
});

test('F03: a truncated blob is noticed by the next push and replaced', async () => {
  const store = createMemoryStore();
  const mirror = pushMirror(store);
  const publication = goldenPublication('greet');
  await mirror.publish(publication, { signal });
  const key = `blobs/sha256/63/${ARCHIVES['greet'] ?? ''}`;
  store.objects.set(key, store.objects.get(key)?.subarray(0, 100) ?? Buffer.alloc(0));
  expect(await mirror.exists(publication.spec, { signal })).toBe(false);
  expect(await mirror.publish(publication, { signal })).toBe('published');
  expect(await mirror.exists(publication.spec, { signal })).toBe(true);
});

test('F03: a forced push replaces a blob of the right size with other bytes', async () => {
  const store = createMemoryStore();
  const mirror = pushMirror(store);
  const publication = goldenPublication('greet');
  await mirror.publish(publication, { signal });
  const key = `blobs/sha256/63/${ARCHIVES['greet'] ?? ''}`;
  store.objects.set(key, Buffer.alloc(publication.archive.source.sizeBytes));
  await mirror.publish(publication, { signal, force: true });
  expect(sha256Of(store.objects.get(key) ?? '')).toBe(ARCHIVES['greet']);
});

test('a forced push of another build keeps the old blobs', async () => {
  const store = createMemoryStore();
  const mirror = pushMirror(store);
  await mirror.publish(publicationOf(goldenSpec('greet'), 'one'), { signal });
  const before = Array.from(store.objects.keys());
  await mirror.publish(publicationOf(goldenSpec('greet'), 'two'), { signal, force: true });
  expect(Array.from(store.objects.keys())).toEqual(expect.arrayContaining(before));
});

test('J11: a manifest of a newer layout is not overwritten without force', async () => {
  const store = createMemoryStore();
  const mirror = pushMirror(store);
  const publication = goldenPublication('greet');
  await mirror.publish(publication, { signal });
  const key = Array.from(store.objects.keys()).find((each) => each.includes('/spec/')) ?? '';
  store.objects.set(key, Buffer.from('{"version":4,"data":[]}'));
  await expect(mirror.publish(publication, { signal })).rejects.toMatchObject({ code: 'ERR_LAYOUT_VERSION' });
  expect(await mirror.publish(publication, { signal, force: true })).toBe('published');
});

describe('K01: a push that ends anywhere leaves a mirror that reads right, and can be repeated', () => {
  const failing = (store: MemoryStore, at: number): MemoryStore => {
    let puts = 0;
    const put: MemoryStore['put'] = async (key, body, options) => {
      puts += 1;
      if (puts === at) throw new Error('killed');
      await store.put(key, body, options);
    };
    return { ...store, put };
  };
  test.each([1, 2, 3, 4])('at write %i', async (at) => {
    const store = createMemoryStore();
    const publication = goldenPublication('greet');
    await expect(pushMirror(failing(store, at)).publish(publication, { signal })).rejects.toThrow('killed');
    const mirror = pushMirror(store);
    expect(await mirror.find(publication.spec, { signal })).toBeUndefined();
    expect(await mirror.publish(publication, { signal })).toBe('published');
    expect(await mirror.exists(publication.spec, { signal })).toBe(true);
  });
});

test('an archive that breaks while it is read is not published', async () => {
  const store = createMemoryStore();
  const publication = goldenPublication('greet');
  function* broken(): Iterable<Buffer> {
    yield Buffer.from('x');
    throw new Error('disk');
  }
  const source = { ...bytesSource('x'), open: () => Readable.from(broken(), { objectMode: false }) };
  const { archive } = publication;
  await expect(
    pushMirror(store).publish({ ...publication, archive: { ...archive, source } }, { signal }),
  ).rejects.toThrow('disk');
  expect(store.objects.size).toBe(0);
});

test('a store that cannot be written gives a mirror without publish and updateIndex', () => {
  const mirror = objectStoreMirror(withoutCapability(createMemoryStore(), 'put'), connectionOf());
  expect(Object.keys(mirror)).not.toContain('publish');
  expect(Object.keys(mirror)).not.toContain('updateIndex');
});
