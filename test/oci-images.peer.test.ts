import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { type Bench, openBench, useTree } from './support/bench.ts';
import { type Containers, openContainers } from './support/containers.ts';
import { installGreeting } from './support/greeting.ts';
import { mirrorWords, type OciRegistry, startSecureRegistry, trusting } from './support/oci-registry.ts';
import { makeSmallPackages } from './support/small-packages.ts';
import { missingTools } from './support/tools.ts';

const MINUTE = 60_000;
const TOOLS = missingTools('docker-registry', 'htpasswd', 'openssl', 'skopeo', 'podman', 'runc', 'busybox');
const withTools = TOOLS.length > 0 ? describe.skip : describe;

interface Platform {
  readonly architecture: string;
  readonly os: string;
}

interface Manifest {
  readonly mediaType: string;
  readonly layers?: readonly { readonly mediaType: string; readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string; readonly platform: Platform }[];
}

const FORMS = [
  {
    form: 'oci',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  {
    form: 'v2s2',
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
] as const;

withTools('images that berth pushes to a registry with TLS and a password', () => {
  let registry: OciRegistry;
  let bench: Bench;
  let environment = '';
  let containers: Containers;

  beforeAll(async () => {
    registry = await startSecureRegistry();
    bench = await openBench(trusting(registry));
    containers = openContainers(bench.folder, registry);
    environment = await installGreeting(bench);
    await bench.text('mirror', 'add', ...mirrorWords(registry, 'demo/cache'));
  }, MINUTE);
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await bench[Symbol.asyncDispose]();
  });

  async function manifestOf(image: string): Promise<Manifest> {
    return JSON.parse(await containers.skopeo('inspect', '--raw', `docker://${image}`)) as Manifest;
  }

  test.each(FORMS)(
    'run on a base image in form $form, with one family of media types throughout',
    async ({ form, manifest, layer }) => {
      await containers.pushBase(`demo/base:${form}`, form);
      const [base, repository] = [`${registry.host}/demo/base:${form}`, `${registry.host}/demo/${form}`];
      const push = ['buildcache', 'push', '--base-image', base, '--tag', 'app', '--unsigned'];
      await bench.text('mirror', 'set', '--url', `oci://${repository}`, 'reg');
      const { packages, image } = await bench.json<{
        packages: { name: string; version: string; hash: string; outcome: string }[];
        image: { reference: string; missing: unknown[] };
      }>('-D', environment, ...push, 'reg');
      expect(packages.map(({ outcome }) => outcome)).toEqual(['pushed', 'pushed', 'pushed']);
      expect(image).toMatchObject({ reference: `${repository}:app`, missing: [] });

      const greet = packages.find(({ name }) => name === 'greet');
      const tag = `greet-1.0-${greet?.hash ?? ''}.spack`;
      const baseLayers = (await manifestOf(base)).layers ?? [];
      for (const each of ['app', tag]) {
        const found = await manifestOf(`${repository}:${each}`);
        expect(found.mediaType).toBe(manifest);
        expect(found.layers?.map(({ mediaType }) => mediaType)).toEqual(Array.from({ length: 4 }, () => layer));
        expect(found.layers?.slice(0, 1)).toEqual(baseLayers);
        const printed = await containers.run(`${repository}:${each}`, 'greet');
        expect(printed).toMatch(/^hello, world /);
        expect(printed).toContain(bench.folder);
      }
    },
    2 * MINUTE,
  );

  test(
    'become an index under their tag when a machine of another architecture pushes there too',
    async () => {
      const repository = `${registry.host}/demo/both`;
      await bench.text('mirror', 'set', '--url', `oci://${repository}`, 'reg');
      const machines = [
        { target: 'x86_64', architecture: 'amd64' },
        { target: 'aarch64', architecture: 'arm64' },
      ] as const;
      const pushed: string[] = [];
      for (const { target } of machines) {
        const made = await makeSmallPackages(bench.folder, { count: 2, target });
        await useTree(bench, made.tree);
        await bench.text('-D', made.environment, 'buildcache', 'push', '--unsigned', '--tag', 'app', 'reg');
        pushed.push(...made.specs.map(({ hash }) => hash));
      }
      const { manifests = [] } = await manifestOf(`${repository}:app`);
      const found = manifests.map(({ platform: { os, architecture } }) => `${os} ${architecture}`);
      expect(found.sort()).toEqual(machines.map(({ architecture }) => `linux ${architecture}`).sort());
      for (const { architecture } of machines) {
        const to = join(bench.folder, `both-${architecture}`);
        const from = `docker://${repository}:app`;
        await containers.skopeo('copy', '--override-arch', architecture, from, `oci:${to}:app`);
        const digest = manifests.find(({ platform }) => platform.architecture === architecture)?.digest ?? '';
        const one = await manifestOf(`${repository}@${digest}`);
        expect(one.layers).toHaveLength(2);
      }
      await bench.text('buildcache', 'update-index', 'reg');
      const { packages } = await bench.json<{ packages: { hash: string }[] }>('buildcache', 'list', '-a', '-L');
      expect(packages.map(({ hash }) => hash).sort()).toEqual(pushed.sort());
    },
    MINUTE,
  );
});
