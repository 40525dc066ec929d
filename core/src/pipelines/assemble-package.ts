import { mkdir } from 'node:fs/promises';
import { BerthError, type Emit } from '@berth/base';
import {
  applyRelocation,
  parseBuildInfo,
  planRelocation,
  pruneSearchPaths,
  type RelocationPlatform,
  rewriteShebangs,
  type UnpackedMember,
  unpackPackage,
  type UnpackedPackage,
} from '@berth/archive';
import { type BlobDescriptor, checkBinding, readEntrySpec } from '@berth/buildcache';
import { type ConcreteSpec, readSpecDocument } from '@berth/spec';
import { type Staging, writeInstallManifest, writeInstallTimes, writePrefixSpec } from '@berth/store';
import { labelOf } from './label.ts';
import { type FoundBinary } from './probe.ts';
import { type LocalPlaces, relocationMap } from './relocation-map.ts';

/** Where the archive says what it is. */
const SPEC_PATH = '.spack/spec.json';

export interface AssembleOptions {
  readonly spec: ConcreteSpec;
  readonly binary: FoundBinary;
  readonly prefix: string;
  readonly staging: Staging;
  readonly local: LocalPlaces;
  readonly platform: RelocationPlatform;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Told about stored bytes as they arrive. */
  readonly onBytes: (bytes: number) => void;
}

/** What the second half needs to know of the first. */
export interface AssembledPackage {
  /** Members whose search paths may name other packages. */
  readonly binaries: readonly UnpackedMember[];
  readonly startedAtMs: number;
}

/**
 * Downloads, verifies, unpacks and relocates a package into `staging.path`, in any order of packages. Nothing appears at the
 * prefix. Rejects with the class of whatever is wrong with the binary.
 */
export async function assemblePackage(options: AssembleOptions): Promise<AssembledPackage> {
  const startedAtMs = performance.now();
  await bindToSpec(options);
  const unpacked = await download(options);
  bindArchive(unpacked, options);
  const binaries = await relocate(unpacked, options);
  return { binaries, startedAtMs };
}

export interface FinishOptions extends Pick<AssembleOptions, 'spec' | 'prefix' | 'staging' | 'platform' | 'signal'> {
  readonly assembled: AssembledPackage;
  /** Gives the tree its modes and its group. */
  readonly applyPermissions: (tree: string) => Promise<void>;
}

/**
 * Gives an assembled package what depends on its dependencies being installed, and the metadata of an installed package.
 * From then on `staging.path` is the complete content of the prefix.
 */
export async function finishPackage(options: FinishOptions): Promise<void> {
  const { spec, prefix, staging, platform, signal, assembled } = options;
  if (platform === 'linux') {
    await pruneSearchPaths(staging.path, { finalPrefix: prefix, entries: assembled.binaries, signal });
  }
  await options.applyPermissions(staging.path);
  await writeInstallTimes(staging.path, {
    name: spec.name,
    hash: spec.hash,
    totalSeconds: (performance.now() - assembled.startedAtMs) / 1000,
    phases: [],
    fromCache: true,
  });
  await writePrefixSpec(staging.path, spec);
  await writeInstallManifest(staging.path, { finalPrefix: prefix, signal });
}

/** What the mirror published must be the spec that was asked for (hostile-inputs J14, J20). */
async function bindToSpec({ spec, binary, emit, signal }: AssembleOptions): Promise<void> {
  const { source, entry } = binary;
  const what = `${labelOf(spec)} from mirror ${source.name}`;
  const published = await readEntrySpec(source.mirror, entry, { signal });
  const binding = checkBinding(published, spec.buildSpec ?? spec, what);
  if (binding === 'stored-hash-only') {
    emit({ type: 'debug', message: `${what}: its hash cannot be recomputed, name, version and stored hash agree` });
  }
}

async function download(options: AssembleOptions): Promise<UnpackedPackage> {
  const { spec, binary, staging, signal } = options;
  const blob = archiveOf(binary);
  const what = `archive of ${labelOf(spec)} from mirror ${binary.source.name}`;
  await mkdir(staging.path, { mode: 0o700 });
  const source = await binary.source.mirror.open(blob, { signal });
  return unpackPackage({
    source,
    directory: staging.path,
    what,
    expected: { digest: blob.digest, sizeBytes: blob.sizeBytes },
    withhold: [SPEC_PATH],
    signal,
    onBytes: options.onBytes,
  });
}

function archiveOf({ entry, source }: FoundBinary): BlobDescriptor {
  if (entry.archive !== undefined) return entry.archive;
  throw new BerthError(
    'format',
    'ERR_NO_ARCHIVE',
    `${entry.documentKey} on mirror ${source.name}: it names no archive`,
  );
}

/** The archive's own spec document must be of the same package (hostile-inputs A38, A39). */
function bindArchive(unpacked: UnpackedPackage, { spec, binary }: AssembleOptions): void {
  const own = unpacked.withheld.get(SPEC_PATH);
  if (own === undefined) return;
  const what = `${SPEC_PATH} in the archive of ${labelOf(spec)} from mirror ${binary.source.name}`;
  checkBinding(readSpecDocument(own, { what }).root, spec.buildSpec ?? spec, what);
}

/** Returns the binaries of the package, each inode once. */
async function relocate(unpacked: UnpackedPackage, options: AssembleOptions): Promise<readonly UnpackedMember[]> {
  const { spec, staging, prefix, local, platform, emit, signal } = options;
  const what = labelOf(spec);
  const buildInfo = parseBuildInfo(unpacked.buildInfo, { what });
  const plan = await planRelocation({
    directory: staging.path,
    finalPrefix: prefix,
    members: unpacked.members,
    buildInfo,
    prefixMap: relocationMap(spec, buildInfo, local),
    platform,
    what,
    signal,
  });
  await applyRelocation(plan, { signal });
  const scripts = await rewriteShebangs(staging.path, {
    sbangPath: local.sbangPath,
    finalPrefix: prefix,
    platform,
    entries: [...unpacked.members.values()].filter(({ path }) => !unpacked.withheld.has(path)),
    signal,
  });
  for (const { file, message } of [...plan.warnings, ...scripts.warnings]) {
    emit({ type: 'warning', code: 'RELOCATION', message: `${what}: ${file}: ${message}` });
  }
  return buildInfo.relocateBinaries.flatMap((path) => unpacked.members.get(path) ?? []);
}
