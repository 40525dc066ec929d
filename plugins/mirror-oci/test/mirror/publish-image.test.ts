import { describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { sha256Of } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { type OciMirror } from '../../src/mirror/oci-mirror.ts';
import { LayoutRegistry } from '../../src/layout/layout-registry.ts';
import { FIXTURES, mirrorAt, openTemporaryFolder } from '../support/layouts.ts';
import { type GoldenName, goldenPublication, readDocuments } from '../support/publications.ts';
import { packedPublication, syntheticGraph } from '../support/synthetic.ts';

const signal = new AbortController().signal;
const NAMES: readonly GoldenName[] = ['gcc-runtime', 'libgreet', 'greet'];

async function pushAll(mirror: OciMirror): Promise<ConcreteSpec> {
  for (const name of NAMES) await mirror.publish(await goldenPublication(name), { signal });
  return (await goldenPublication('greet')).spec;
}

describe('one image of several packages', () => {
  test.each([
    { layout: 'cache', tag: 'combined', baseImage: undefined },
    { layout: 'on-docker-base', tag: 'app', baseImage: `oci-layout://${FIXTURES}/base:docker` },
  ])('has the layers and the config of the golden $tag', async ({ layout, tag, baseImage }) => {
    await using folder = await openTemporaryFolder();
    await using mirror = mirrorAt(folder.path);
    const greet = await pushAll(mirror);
    const { runEnvironment } = await goldenPublication('greet');
    const published = await mirror.publishImage({ tag, roots: [greet], runEnvironment, baseImage }, { signal });
    const golden = await readDocuments(join(FIXTURES, layout), tag);
    const made = await readDocuments(folder.path, tag);
    expect(published).toMatchObject({ reference: `${folder.path}:${tag}`, missing: [] });
    expect(made.manifest.layers).toEqual(golden.manifest.layers);
    expect(Object.keys(made.manifest)).toEqual(Object.keys(golden.manifest));
    expect(made.config.rootfs).toEqual(golden.config.rootfs);
    expect(Object.keys(made.config)).toEqual(Object.keys(golden.config));
    expect(made.config.config.Env.slice(1)).toEqual(golden.config.config.Env.slice(1));
  });

  test('says which packages it lacks', async () => {
    await using folder = await openTemporaryFolder();
    await using mirror = mirrorAt(folder.path);
    const publication = await goldenPublication('greet');
    await mirror.publish(publication, { signal });
    const image = { tag: 'app', roots: [publication.spec], runEnvironment: [] };
    const { missing } = await mirror.publishImage(image, { signal });
    expect(missing).toEqual(['ota4ukznoewu2hr52tqsbmyumurhjeal', 'jcni4qeht7exvcpnt737c2cvqazoz7jz']);
  });

  test('R25 is not made under a name that is no tag', async () => {
    await using folder = await openTemporaryFolder();
    await using mirror = mirrorAt(folder.path);
    const image = { tag: '../x', roots: [(await goldenPublication('greet')).spec], runEnvironment: [] };
    await expect(mirror.publishImage(image, { signal })).rejects.toMatchObject({ code: 'ERR_OCI_TAG' });
  });
});

describe('images of several architectures', () => {
  const graph = syntheticGraph([
    { name: 'intel' },
    { name: 'arm', target: 'aarch64' },
    { name: 'other', target: 'x86_64' },
  ]);
  const specOf = (name: string): ConcreteSpec => {
    const spec = graph.get(name);
    if (spec === undefined) throw new Error(`no package ${name}`);
    return spec;
  };

  async function push(path: string, name: string, baseImage?: string): Promise<void> {
    await using mirror = mirrorAt(path);
    await mirror.publish(await packedPublication(specOf(name)), { signal });
    await mirror.publishImage({ tag: 'app', roots: [specOf(name)], runEnvironment: [], baseImage }, { signal });
  }

  async function platforms(path: string): Promise<readonly (readonly [string, string])[]> {
    const stored = await new LayoutRegistry(path).getManifest('app', { accept: [], signal });
    const document = JSON.parse(stored?.bytes.toString() ?? '{}') as {
      manifests: { digest: string; platform: { architecture: string } }[];
    };
    return document.manifests.map(({ digest, platform }) => [platform.architecture, digest] as const);
  }

  test('come together under one tag, and a later push replaces its own only', async () => {
    await using folder = await openTemporaryFolder();
    await push(folder.path, 'intel');
    expect((await readDocuments(folder.path, 'app')).manifest.layers).toHaveLength(1);
    await push(folder.path, 'arm');
    const both = await platforms(folder.path);
    expect(both.map(([architecture]) => architecture)).toEqual(['amd64', 'arm64']);
    await push(folder.path, 'other');
    const after = await platforms(folder.path);
    expect(after.map(([architecture]) => architecture)).toEqual(['amd64', 'arm64']);
    expect(after[0]).not.toEqual(both[0]);
    expect(after[1]).toEqual(both[1]);
    const own = await readDocuments(folder.path, 'app-arm64');
    expect(`sha256:${sha256Of(own.manifestBytes)}`).toBe(after[1]?.[1]);
  });

  test('pushed at once both end up under the tag', async () => {
    await using folder = await openTemporaryFolder();
    await Promise.all([push(folder.path, 'intel'), push(folder.path, 'arm')]);
    const architectures = (await platforms(folder.path)).map(([architecture]) => architecture);
    expect(architectures.sort()).toEqual(['amd64', 'arm64']);
  });

  test('each get their own base image, and two kinds of image are never mixed', async () => {
    await using folder = await openTemporaryFolder();
    const base = `oci-layout://${FIXTURES}/base`;
    await push(folder.path, 'intel', `${base}:multi`);
    await push(folder.path, 'arm', `${base}:multi`);
    expect(await platforms(folder.path)).toHaveLength(2);
    const mixed = push(folder.path, 'intel', `${base}:docker`);
    await expect(mixed).rejects.toMatchObject({ kind: 'usage', code: 'ERR_OCI_MIXED' });
  });
});
