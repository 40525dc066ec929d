import { describe, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type BerthEvent, sha256Of } from '@berth/base';
import { type Mirror } from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import { formatIndexManifest } from '../../src/index-image/index-image.ts';
import { LayoutRegistry } from '../../src/layout/layout-registry.ts';
import { OCI_TYPES } from '../../src/media-types.ts';
import { type OciMirror } from '../../src/mirror/oci-mirror.ts';
import { type Registry } from '../../src/registry.ts';
import { INDEX_TAG, packageTag } from '../../src/tags.ts';
import { goldenMirror, mirrorAt, openTemporaryFolder, type TemporaryFolder } from '../support/layouts.ts';
import { publicationOf } from '../support/publications.ts';
import { recorded, type Requests } from '../support/recorded.ts';
import { syntheticGraph } from '../support/synthetic.ts';

const signal = new AbortController().signal;

function specs(count: number, prefix = 'pkg'): readonly ConcreteSpec[] {
  const names = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
  return [...syntheticGraph(names.map((name) => ({ name }))).values()];
}

async function publish(mirror: OciMirror, spec: ConcreteSpec): Promise<void> {
  await mirror.publish(publicationOf(spec, { bytes: Buffer.from(spec.name) }), { signal });
}

async function listed(mirror: Mirror): Promise<readonly string[]> {
  await using index = await mirror.index({ signal });
  return Array.from(index?.hashes() ?? []).sort();
}

function hashesOf(all: readonly ConcreteSpec[]): readonly string[] {
  return all.map(({ hash }) => hash as string).sort();
}

describe('the work of an update', () => {
  async function pushed(folder: TemporaryFolder, count: number): Promise<{ requests: Requests; mirror: OciMirror }> {
    const requests: Requests = [];
    const options = {
      connection: { cacheDir: join(folder.path, 'cache') },
      wrap: (registry: Registry) => recorded(registry, requests),
    };
    const mirror = mirrorAt(join(folder.path, 'layout'), options);
    const all = specs(count);
    for (const spec of all) await publish(mirror, spec);
    await mirror.updateIndex({ add: all }, { signal });
    return { requests, mirror };
  }

  test('after one push to many packages does not grow with them', async () => {
    await using folder = await openTemporaryFolder();
    const { requests, mirror } = await pushed(folder, 60);
    const [late] = specs(1, 'late');
    if (late === undefined) throw new Error('one was asked for');
    await publish(mirror, late);
    requests.length = 0;
    expect(await mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 61, changed: true });
    // A blob takes three requests, a manifest is read back, and the rest one request each.
    expect(requests).toEqual([
      `getManifest ${INDEX_TAG}`,
      'listTags',
      `getManifest ${packageTag({ name: late.name, version: '1.0', hash: late.hash })}`,
      'putBlob uploaded',
      `putManifest ${INDEX_TAG}`,
      `getManifest ${INDEX_TAG}`,
      'listTags',
    ]);
  });

  test('that finds nothing new is two requests, and moves no blob', async () => {
    await using folder = await openTemporaryFolder();
    const { requests, mirror } = await pushed(folder, 5);
    requests.length = 0;
    expect(await mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 5, changed: false });
    expect(requests).toEqual([`getManifest ${INDEX_TAG}`, 'listTags']);
    requests.length = 0;
    expect(await listed(mirror)).toHaveLength(5);
    expect(requests).toEqual([`getManifest ${INDEX_TAG}`]);
  });

  test('by a machine that has nothing yet reads each config once, and never again', async () => {
    await using folder = await openTemporaryFolder();
    await pushed(folder, 5);
    const requests: Requests = [];
    await new LayoutRegistry(join(folder.path, 'layout')).deleteManifest(
      (await new LayoutRegistry(join(folder.path, 'layout')).getManifest(INDEX_TAG, { accept: [], signal }))?.digest ??
        sha256Of(''),
      { signal },
    );
    const options = {
      connection: { cacheDir: join(folder.path, 'other') },
      wrap: (registry: Registry) => recorded(registry, requests),
    };
    await using other = mirrorAt(join(folder.path, 'layout'), options);
    await other.updateIndex({ rebuild: true }, { signal });
    const configs = requests.filter((line) => line.startsWith('openBlob'));
    expect(configs).toHaveLength(5);
    expect(new Set(configs).size).toBe(5);
    for (const spec of specs(5)) await other.find(spec, { signal });
    expect(requests.filter((line) => line.startsWith('openBlob'))).toHaveLength(5);
  });
});

describe('what the index holds', () => {
  test('is what was pushed, with an index or without', async () => {
    await using folder = await openTemporaryFolder();
    await using mirror = mirrorAt(folder.path);
    const [first, second] = specs(2) as [ConcreteSpec, ConcreteSpec];
    await publish(mirror, first);
    await publish(mirror, second);
    // The second was never added by who pushed it; the tag list tells.
    expect(await mirror.updateIndex({ add: [first] }, { signal })).toEqual({ packages: 2, changed: true });
    expect(await listed(mirror)).toEqual(hashesOf([first, second]));
  });

  test('loses what is gone when it is rebuilt, and only then', async () => {
    await using folder = await openTemporaryFolder();
    await using mirror = mirrorAt(folder.path);
    const all = specs(3) as [ConcreteSpec, ConcreteSpec, ConcreteSpec];
    for (const spec of all) await publish(mirror, spec);
    await mirror.updateIndex({ add: all }, { signal });
    const registry = new LayoutRegistry(folder.path);
    const tag = packageTag({ name: all[1].name, version: '1.0', hash: all[1].hash });
    const stored = await registry.getManifest(tag, { accept: [], signal });
    await registry.deleteManifest(stored?.digest ?? sha256Of(''), { signal });
    expect(await mirror.updateIndex({ add: [all[0]] }, { signal })).toEqual({ packages: 3, changed: false });
    expect(await mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 2, changed: true });
    expect(await listed(mirror)).toEqual(hashesOf([all[0], all[2]]));
  });

  test('leaves out a tag that cannot be read, with a warning, and keeps the others', async () => {
    await using golden = await goldenMirror('cache');
    const registry = new LayoutRegistry(golden.path);
    const hash = 'a'.repeat(32);
    const config = Buffer.from('{"architecture":"amd64"}');
    const digest = sha256Of(config);
    await registry.putBlob(
      { digest, source: { sizeBytes: config.byteLength, open: () => readable(config) } },
      { signal },
    );
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: OCI_TYPES.config, digest: `sha256:${digest}`, size: config.byteLength },
        layers: [],
      }),
    );
    await registry.putManifest(`bad-1.0-${hash}.spack`, { bytes, mediaType: OCI_TYPES.manifest }, { signal });
    expect(await golden.mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 3, changed: false });
    const warnings = golden.events.filter(
      (event): event is BerthEvent & { type: 'warning' } => event.type === 'warning',
    );
    expect(warnings.map(({ code }) => code)).toEqual(['PACKAGE_UNREADABLE']);
    expect(warnings[0]?.message).toContain(`bad-1.0-${hash}.spack`);
  });

  test('J14 leaves out a package under the tag of another', async () => {
    await using golden = await goldenMirror('cache');
    const path = join(golden.path, 'index.json');
    const hash = 'a'.repeat(32);
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text
        .replace('"combined"', `"greet-1.0-${hash}.spack"`)
        .replace(/27b033b9[0-9a-f]+/, '9c9295f80aa6f3aefac626b8c88b1dbe394c61d86b86e9930813aa9f510446da')
        .replace('"size": 714', '"size": 845'),
    );
    expect(await golden.mirror.updateIndex({ rebuild: true }, { signal })).toEqual({ packages: 3, changed: false });
    expect(JSON.stringify(golden.events)).toContain(
      'it holds another package: greet-1.0-7y7a35nxci34gy7e3r7bdjnes5o2o7bm.spack',
    );
    const asked = { name: 'greet', version: '1.0', hash };
    const entry = await golden.mirror.find(asked, { signal });
    expect(entry?.asked).toEqual(asked);
  });
});

describe('X06 several writers', () => {
  test('at once lose nothing', async () => {
    await using folder = await openTemporaryFolder();
    const writers = Array.from({ length: 8 }, (_, writer) => specs(10, `w${writer}`));
    await Promise.all(
      writers.map(async (all, writer) => {
        await using mirror = mirrorAt(join(folder.path, 'layout'), {
          connection: { cacheDir: join(folder.path, `cache-${writer}`) },
        });
        for (const spec of all) {
          await publish(mirror, spec);
          await mirror.updateIndex({ add: [spec] }, { signal });
        }
      }),
    );
    await using reader = mirrorAt(join(folder.path, 'layout'));
    expect(await listed(reader)).toEqual(hashesOf(writers.flat()));
  }, 120_000);

  test('that overwrite each other notice it: the merge is checked after the write and repeated', async () => {
    await using folder = await openTemporaryFolder();
    const [mine, theirs] = specs(2) as [ConcreteSpec, ConcreteSpec];
    await using other = mirrorAt(folder.path);
    let interfered = false;
    const wrap = (registry: Registry): Registry => ({
      ...recorded(registry, []),
      putManifest: async (reference, manifest, options) => {
        const before = await registry.getManifest(reference, { accept: [], signal });
        const digest = await registry.putManifest(reference, manifest, options);
        if (reference !== INDEX_TAG || interfered) return digest;
        // Between our write and our check somebody writes an index without ours, and dies.
        interfered = true;
        await publish(other, theirs);
        const theirManifest = before ?? (await emptyIndexManifest(registry));
        await registry.putManifest(INDEX_TAG, theirManifest, options);
        return digest;
      },
    });
    await using mirror = mirrorAt(folder.path, { wrap });
    await publish(mirror, mine);
    expect(await mirror.updateIndex({ add: [mine] }, { signal })).toEqual({ packages: 2, changed: true });
    expect(interfered).toBe(true);
    expect(await listed(other)).toEqual(hashesOf([mine, theirs]));
  });

  test('X07 of which one died before it wrote the index are repaired by the next update', async () => {
    await using folder = await openTemporaryFolder();
    const [killed, next] = specs(2) as [ConcreteSpec, ConcreteSpec];
    await using mirror = mirrorAt(folder.path);
    await publish(mirror, killed);
    await publish(mirror, next);
    await mirror.updateIndex({ add: [next] }, { signal });
    expect(await listed(mirror)).toEqual(hashesOf([killed, next]));
  });
});

async function emptyIndexManifest(registry: Registry): Promise<{ bytes: Buffer; mediaType: string }> {
  const index = Buffer.from('{"database":{"version":"8","installs":{}}}');
  const digest = sha256Of(index);
  await registry.putBlob({ digest, source: { sizeBytes: index.byteLength, open: () => readable(index) } }, { signal });
  return formatIndexManifest({ digest, sizeBytes: index.byteLength });
}

function readable(bytes: Buffer): Readable {
  return Readable.from([bytes], { objectMode: false });
}
