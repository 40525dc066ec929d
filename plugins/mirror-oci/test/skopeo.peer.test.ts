import { expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FIXTURES, mirrorAt, openTemporaryFolder } from './support/layouts.ts';
import { GOLDEN_TAGS, type GoldenName, goldenPublication, readDocuments } from './support/publications.ts';
import { packedPublication, syntheticGraph } from './support/synthetic.ts';

const signal = new AbortController().signal;
const isThere = spawnSync('skopeo', ['--version']).status === 0;
if (!isThere && process.env['REQUIRE_TOOLS'] === '1') throw new Error('skopeo is not installed');
if (!isThere) process.stderr.write('skipped, not installed: skopeo\n');
const withSkopeo = isThere ? test : test.skip;
const NAMES: readonly GoldenName[] = ['gcc-runtime', 'libgreet', 'greet'];

async function skopeo(...words: string[]): Promise<string> {
  return (await promisify(execFile)('skopeo', words)).stdout;
}

// Of layouts skopeo reads images of OCI types only; those of Docker types are for registries.
withSkopeo.each([undefined, 'multi'])(
  'skopeo inspects and copies what was pushed onto base %s',
  async (base) => {
    await using folder = await openTemporaryFolder();
    const layout = join(folder.path, 'layout');
    const baseImage = base === undefined ? undefined : `oci-layout://${FIXTURES}/base:${base}`;
    await using mirror = mirrorAt(layout);
    for (const name of NAMES)
      await mirror.publish({ ...(await goldenPublication(name)), image: { baseImage } }, { signal });
    const { spec } = await goldenPublication('greet');
    await mirror.publishImage({ tag: 'app', roots: [spec], runEnvironment: [], baseImage }, { signal });
    await mirror.updateIndex({ rebuild: true }, { signal });

    const layers = base === undefined ? 3 : 4;
    for (const tag of [GOLDEN_TAGS.greet, 'app']) {
      const inspected = JSON.parse(await skopeo('inspect', `oci:${layout}:${tag}`)) as Record<string, unknown>;
      expect(inspected).toMatchObject({ Architecture: 'amd64', Os: 'linux' });
      expect(inspected['Layers']).toHaveLength(layers);
    }
    // Every blob is read and compared on the way, and diff ids where the target is uncompressed.
    await skopeo('copy', '--quiet', `oci:${layout}:${GOLDEN_TAGS.greet}`, `oci:${join(folder.path, 'copy')}:greet`);
    await skopeo('copy', '--quiet', `oci:${layout}:app`, `docker-archive:${join(folder.path, 'app.tar')}:app:latest`);
    const copied = await readDocuments(join(folder.path, 'copy'), 'greet');
    const { manifest } = await readDocuments(layout, GOLDEN_TAGS.greet);
    expect(copied.manifest.layers.map(({ digest }) => digest)).toEqual(manifest.layers.map(({ digest }) => digest));
  },
  60_000,
);

withSkopeo('skopeo chooses the image of an architecture, and what it copies into a layout is a mirror', async () => {
  await using folder = await openTemporaryFolder();
  const layout = join(folder.path, 'layout');
  const graph = syntheticGraph([{ name: 'intel' }, { name: 'arm', target: 'aarch64' }]);
  await using mirror = mirrorAt(layout);
  for (const spec of graph.values()) {
    await mirror.publish(await packedPublication(spec), { signal });
    await mirror.publishImage({ tag: 'app', roots: [spec], runEnvironment: [] }, { signal });
  }
  for (const architecture of ['amd64', 'arm64']) {
    const text = await skopeo('--override-arch', architecture, 'inspect', `oci:${layout}:app`);
    expect(JSON.parse(text)).toMatchObject({ Architecture: architecture });
  }
});

withSkopeo('a layout that skopeo wrote is read, and added to', async () => {
  await using folder = await openTemporaryFolder();
  const source = join(folder.path, 'source');
  const target = join(folder.path, 'target');
  await cp(join(FIXTURES, 'cache'), source, { recursive: true });
  for (const tag of [GOLDEN_TAGS['gcc-runtime'], GOLDEN_TAGS.libgreet]) {
    await skopeo('copy', '--quiet', `oci:${source}:${tag}`, `oci:${target}:${tag}`);
  }
  await using mirror = mirrorAt(target);
  await mirror.publish(await goldenPublication('greet'), { signal });
  await mirror.updateIndex({ rebuild: true }, { signal });
  expect((await mirror.index({ signal }))?.size).toBe(3);
  expect((await readDocuments(target, GOLDEN_TAGS.greet)).manifest.layers).toHaveLength(3);
  await skopeo('copy', '--quiet', `oci:${source}:combined`, `oci:${target}:combined`);
  await mirror.publish(await goldenPublication('greet'), { signal, force: true });
  expect(await skopeo('inspect', `oci:${target}:combined`)).toContain('amd64');
});
