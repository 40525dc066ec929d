import { describe, expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { type BerthEvent, sha256Of } from '@berth/base';
import { objectStoreMirror, type PackageIndex } from '../src/index.ts';
import { IndexScanner, type ScannedRecord } from '../src/index-scan.ts';
import { readPackageIndex } from '../src/package-index.ts';
import { memoryAccess } from '../src/random-access.ts';
import { connectionOf, loadMirror, type MemoryStore, signal } from './support/stores.ts';

const GREET = '7y7a35nxci34gy7e3r7bdjnes5o2o7bm';
const LIBGREET = 'jcni4qeht7exvcpnt737c2cvqazoz7jz';
const GCC = 'umaathbgr6kg2kzf3jswhf573qudbx7w';

const events: BerthEvent[] = [];
const read = (text: string): Promise<PackageIndex> =>
  readPackageIndex(memoryAccess(Buffer.from(text)), {
    what: 'index of mirror m',
    signal,
    emit: (event) => events.push(event),
  });

function indexText(store: MemoryStore = loadMirror('v3-unsigned')): string {
  const manifest = store.objects.get('v3/manifests/index/index.manifest.json')?.toString() ?? '';
  const digest = /"checksum":"(\w+)"/.exec(manifest)?.[1] ?? '';
  return store.objects.get(`blobs/sha256/${digest.slice(0, 2)}/${digest}`)?.toString() ?? '';
}

test('X05: records that are only dependencies are never offered, yet their specs can be read', async () => {
  const index = await read(indexText());
  expect(index.has(GCC)).toBe(false);
  expect(Array.from(index.hashes())).not.toContain(GCC);
  expect((await index.spec(GCC, { signal }))?.external?.path).toBe('/usr');
});

test('a spec of the index has its whole graph', async () => {
  const spec = await (await read(indexText())).spec(GREET, { signal });
  expect(spec?.dependencies.map((edge) => edge.spec.name)).toEqual([
    'compiler-wrapper',
    'gcc',
    'gcc-runtime',
    'glibc',
    'gmake',
    'libgreet',
  ]);
});

test('the places of records do not depend on how the bytes arrive', () => {
  const bytes = Buffer.from(indexText());
  const scan = (chunks: readonly Uint8Array[]): readonly ScannedRecord[] => {
    const found: ScannedRecord[] = [];
    const scanner = new IndexScanner('index', (record) => found.push(record));
    for (const chunk of chunks) scanner.push(chunk);
    expect(scanner.finish()).toBe('8');
    return found;
  };
  const whole = scan([bytes]);
  expect(whole).toHaveLength(7);
  for (const { start, end, hash } of whole) {
    expect((JSON.parse(bytes.toString('utf8', start, end)) as { spec: { hash: string } }).spec.hash).toBe(hash);
  }
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.byteLength), { maxLength: 20 }), (cuts) => {
      const ends = [...cuts, bytes.byteLength].sort((a, b) => a - b);
      expect(scan(ends.map((end, at) => bytes.subarray(ends[at - 1] ?? 0, end)))).toEqual(whole);
    }),
    { numRuns: 50 },
  );
});

test('white space between tokens, other fields and their order make no difference', async () => {
  const value = JSON.parse(indexText()) as { database: { version: string; installs: unknown } };
  const { version, installs } = value.database;
  const text = JSON.stringify({ more: [{}], database: { installs, note: { installs: {} }, version } }, undefined, 2);
  expect(Array.from((await read(text)).hashes())).toEqual(Array.from((await read(indexText())).hashes()));
});

describe('X01: an index that cannot be used is an index failure', () => {
  const good = indexText();
  test.each([
    ['empty', ''],
    ['truncated', good.slice(0, 3000)],
    ['truncated at its last byte', good.slice(0, -1)],
    ['of a newer version', good.replace('"version":"8"', '"version":"9"')],
    ['of a version too old', good.replace('"version":"8"', '"version":"5"')],
    ['without a version', good.replace('"version":"8",', '')],
    ['with text after it', `${good}{}`],
    ['a login page', '<html></html>'],
    ['a list', '[]'],
    ['with records in a list', '{"database":{"version":"8","installs":[{}]}}'],
    ['with a record that is text', '{"database":{"version":"8","installs":{"a":"b"}}}'],
    ['with a record that is null', '{"database":{"version":"8","installs":{"a":null}}}'],
    ['with brackets that do not match', '{"database":{"version":"8","installs":{"a":{]}}}'],
    ['with two lists of records', '{"database":{"version":"8","installs":{},"installs":{}}}'],
  ])('%s', async (_name, text) => {
    await expect(read(text)).rejects.toMatchObject({ kind: 'index' });
  });

  test('and packages are still found by their hash', async () => {
    const store = loadMirror('v3-unsigned');
    store.objects.set('v3/manifests/index/index.manifest.json', Buffer.from('not a manifest'));
    const mirror = objectStoreMirror(store, connectionOf());
    await expect(mirror.index({ signal })).rejects.toMatchObject({ kind: 'index' });
    expect(await mirror.find({ name: 'greet', version: '1.0', hash: GREET }, { signal })).toBeDefined();
  });

  test('a blob that is gone, altered or of another size', async () => {
    for (const damage of [undefined, Buffer.from('{}'), Buffer.from(indexText().replace('greet', 'great'))]) {
      const store = loadMirror('v3-unsigned');
      const key = `blobs/sha256/06/065931a7d86d864883ac193942d9d5d287f382d65975f94da0bfa67e7a675de9`;
      if (damage === undefined) store.objects.delete(key);
      else store.objects.set(key, damage);
      await expect(objectStoreMirror(store, connectionOf()).index({ signal })).rejects.toMatchObject({ kind: 'index' });
    }
  });
});

describe('X03: a record that does not belong to its hash is dropped with a warning', () => {
  const expectDropped = async (text: string, hash: string): Promise<void> => {
    events.length = 0;
    const index = await read(text);
    expect(await index.spec(hash, { signal })).toBeUndefined();
    expect(events).toEqual(
      expect.arrayContaining([expect.objectContaining({ type: 'warning', code: 'INDEX_RECORD' })]),
    );
  };
  const swap = (text: string, from: string, to: string): string => text.replace(`"${from}":{"spec"`, `"${to}":{"spec"`);

  test('its key is another hash', async () => expectDropped(swap(indexText(), GREET, 'a'.repeat(32)), 'a'.repeat(32)));
  test('its contents do not hash to it', async () =>
    expectDropped(indexText().replace('"tone":"warm"', '"tone":"cold"'), LIBGREET));
  test('a dependency of it is not listed', async () =>
    expectDropped(swap(indexText(), LIBGREET, 'a'.repeat(32)), GREET));
  test('it is listed twice with different contents', async () => {
    const text = indexText().replace(/\}\}\}$/, `,"${GREET}":{"spec":{},"in_buildcache":true}}}}`);
    await expectDropped(text, GREET);
    expect((await read(text)).has(GREET)).toBe(false);
  });

  test('a repetition with the same contents is no contradiction', async () => {
    const text = indexText();
    const [record = ''] = new RegExp(`"${GREET}":\\{.*true\\}(?=\\}\\}\\}$)`).exec(text) ?? [];
    expect(record).not.toBe('');
    const index = await read(text.replace(/\}\}\}$/, `,${record}}}}`));
    expect(index.has(GREET)).toBe(true);
    expect(index.size).toBe(3);
  });
});

test('a record that is broken inside is an index failure of that record alone', async () => {
  const index = await read(indexText().replace(`"${LIBGREET}":{"spec":{"name"`, `"${LIBGREET}":{"spec":{name`));
  await expect(index.spec(LIBGREET, { signal })).rejects.toMatchObject({ kind: 'index' });
  expect((await index.spec(GCC, { signal }))?.name).toBe('gcc');
});

test('X08: an index of 100,000 records is scanned without building them', async () => {
  const count = 100_000;
  const filler = 'x'.repeat(900);
  function* chunks(): Iterable<Buffer> {
    yield Buffer.from('{"database":{"version":"8","installs":{');
    for (let at = 0; at < count; at += 1) {
      yield Buffer.from(
        `${at === 0 ? '' : ','}"${sha256Of(String(at)).slice(0, 32)}":{"spec":{"name":"${filler}"},"in_buildcache":true}`,
      );
    }
    yield Buffer.from('}}}');
  }
  const before = process.memoryUsage().heapUsed;
  const source = {
    sizeBytes: 0,
    read: async () => Buffer.alloc(0),
    stream: () => Readable.from(chunks(), { objectMode: false }),
    [Symbol.asyncDispose]: async () => undefined,
  };
  const index = await readPackageIndex(source, { what: 'index', signal, emit: () => undefined });
  expect(index.size).toBe(count);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(128 * 1024 * 1024);
});
