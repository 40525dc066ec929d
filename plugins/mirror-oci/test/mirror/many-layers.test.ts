import { expect, test } from '@jest/globals';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import * as tar from 'tar';
import { sha256Of } from '@berth/base';
import { packageTag } from '../../src/tags.ts';
import { mirrorAt, openTemporaryFolder } from '../support/layouts.ts';
import { readBlob, readDocuments } from '../support/publications.ts';
import { packedPublication, syntheticGraph } from '../support/synthetic.ts';

const signal = new AbortController().signal;
const DEPENDENCIES = 140;

test('R29 an image of more packages than runtimes mount has 127 layers, its own package last, and every file once', async () => {
  const names = Array.from({ length: DEPENDENCIES }, (_, at) => `dep-${at}`);
  const graph = syntheticGraph([...names.map((name) => ({ name })), { name: 'app', dependencies: names }]);
  await using folder = await openTemporaryFolder();
  await using mirror = mirrorAt(folder.path);
  const publications = await Promise.all(
    Array.from(graph.values(), (spec) => packedPublication(spec, spec.name === 'dep-7' ? 5000 : 10)),
  );
  for (const { spec, archive } of publications) await mirror.putArchive(spec, archive, { signal });
  const app = publications.find(({ spec }) => spec.name === 'app');
  if (app === undefined) throw new Error('app is among them');
  await mirror.publish(app, { signal });

  const tag = packageTag({ name: 'app', version: '1.0', hash: app.spec.hash });
  const { manifest, config, manifestBytes } = await readDocuments(folder.path, tag);
  expect(manifest.layers).toHaveLength(127);
  expect(manifest.layers.at(-1)?.digest).toBe(`sha256:${app.archive.digest}`);
  const files: string[] = [];
  for (const [at, { digest, size }] of manifest.layers.entries()) {
    const bytes = await readBlob(folder.path, digest);
    expect([`sha256:${sha256Of(bytes)}`, bytes.byteLength]).toEqual([digest, size]);
    const content = gunzipSync(bytes);
    expect(`sha256:${sha256Of(content)}`).toBe(config.rootfs.diff_ids[at]);
    files.push(...(await filesOf(content)));
  }
  expect(
    files
      .filter((path) => path.includes('/share/'))
      .map((path) => path.split('/').at(-1))
      .sort(),
  ).toEqual([...names, 'app'].sort());
  expect(await filesOf(gunzipSync(await readBlob(folder.path, manifest.layers[0]?.digest ?? '')))).not.toContain(
    expect.stringContaining('dep-7'),
  );

  await using other = await openTemporaryFolder();
  await using second = mirrorAt(other.path);
  for (const { spec, archive } of publications) await second.putArchive(spec, archive, { signal });
  await second.publish(app, { signal });
  expect((await readDocuments(other.path, tag)).manifestBytes).toEqual(manifestBytes);
}, 60_000);

async function filesOf(content: Buffer): Promise<readonly string[]> {
  const paths: string[] = [];
  const parser = new tar.Parser({
    onReadEntry: (entry) => {
      if (entry.type === 'File') paths.push(entry.path);
      entry.resume();
    },
  });
  for await (const chunk of Readable.from([content])) parser.write(chunk as Buffer);
  parser.end();
  return paths;
}
