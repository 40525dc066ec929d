import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesSource, type Sha256, sha256Of } from '@berth/base';
import { type Publication } from '@berth/buildcache';
import { type ConcreteSpec, linkRunClosure } from '@berth/spec';
import { readConfigSpec } from '../../src/image/config.ts';
import { parseOciDigest } from '../../src/reference.ts';
import { FIXTURES } from './layouts.ts';

export interface GoldenDocument {
  readonly manifest: GoldenManifest;
  readonly manifestBytes: Buffer;
  readonly config: GoldenConfig;
  readonly configBytes: Buffer;
}

interface GoldenManifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly mediaType: string }[];
}

export interface GoldenConfig {
  readonly rootfs: { readonly diff_ids: readonly string[] };
  readonly config: { readonly Env: readonly string[] };
  readonly archive_timestamp?: string;
}

/** Manifest and config under a tag of a layout, whichever program wrote it. */
export async function readDocuments(layout: string, tag: string): Promise<GoldenDocument> {
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const entry = index.manifests.find((each) => each.annotations?.['org.opencontainers.image.ref.name'] === tag);
  if (entry === undefined) throw new Error(`no tag ${tag} in ${layout}`);
  const manifestBytes = await readBlob(layout, entry.digest);
  const manifest = JSON.parse(manifestBytes.toString()) as GoldenManifest;
  const configBytes = await readBlob(layout, manifest.config.digest);
  return { manifest, manifestBytes, config: JSON.parse(configBytes.toString()) as GoldenConfig, configBytes };
}

export function readBlob(layout: string, digest: string): Promise<Buffer> {
  return readFile(join(layout, 'blobs/sha256', digest.replace('sha256:', '')));
}

export const GOLDEN_TAGS = {
  'gcc-runtime': 'gcc-runtime-12.2.0-ota4ukznoewu2hr52tqsbmyumurhjeal.spack',
  libgreet: 'libgreet-1.0-jcni4qeht7exvcpnt737c2cvqazoz7jz.spack',
  greet: 'greet-1.0-7y7a35nxci34gy7e3r7bdjnes5o2o7bm.spack',
} as const;

export type GoldenName = keyof typeof GOLDEN_TAGS;

/** A package of the golden store as it was pushed: its spec, its very archive, and what its image sets. */
export async function goldenPublication(name: GoldenName): Promise<Publication> {
  const layout = join(FIXTURES, 'cache');
  const { manifest, config, configBytes } = await readDocuments(layout, GOLDEN_TAGS[name]);
  const bytes = await readBlob(layout, manifest.layers.at(-1)?.digest ?? '');
  const diffId = parseOciDigest(config.rootfs.diff_ids.at(-1) ?? '', 'diff id');
  const spec = readConfigSpec(configBytes, name);
  return publicationOf(spec, { bytes, diffId, variables: variablesOf(config) });
}

/** What the packages set: everything but the system's own search path. */
function variablesOf({ config }: GoldenConfig): readonly string[] {
  return config.Env.map((entry) => entry.replace(/^(PATH=.*?):?\/bin:\/usr\/bin$/, '$1')).filter(
    (entry) => entry !== 'PATH=',
  );
}

interface PublicationParts {
  readonly bytes: Buffer;
  readonly diffId?: Sha256;
  /** `NAME=VALUE`. */
  readonly variables?: readonly string[];
}

export function publicationOf(spec: ConcreteSpec, { bytes, diffId, variables = [] }: PublicationParts): Publication {
  const closure = linkRunClosure([spec])
    .filter(({ external }) => external === undefined)
    .toReversed();
  return {
    spec,
    closure,
    prefix: `/opt/golden/store/${spec.name}`,
    archive: { source: bytesSource(bytes), digest: sha256Of(bytes), diffId: diffId ?? sha256Of(bytes) },
    installedAt: new Date('2026-11-23T04:00:00Z'),
    runEnvironment: variables.map((entry) => {
      const at = entry.indexOf('=');
      return { name: entry.slice(0, at), value: entry.slice(at + 1) };
    }),
    seal: undefined,
    attachments: [],
  };
}
