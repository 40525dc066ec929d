import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BerthError,
  DEFAULT_LIMITS,
  errnoCode,
  formatJson,
  ioError,
  isJsonArray,
  isJsonObject,
  type JsonValue,
  parseStrictJson,
  toJson,
  writeFileAtomic,
} from '@berth/base';
import { type ConcreteSpec, type DagHash, formatSpecText, readSpecDocument } from '@berth/spec';
import { secondsNumber } from '../database/record.ts';

/** The folder of a prefix that tells what is installed there (store-and-specs-on-disk C.2). */
export const METADATA_FOLDER = '.spack';

export const METADATA_FILES = {
  spec: 'spec.json',
  oldSpec: 'spec.yaml',
  manifest: 'install_manifest.json',
  times: 'install_times.json',
  environment: 'install_environment.json',
  distribution: 'binary_distribution',
  deprecated: 'deprecated',
} as const;

export function metadataPath(prefix: string, file: keyof typeof METADATA_FILES): string {
  return join(prefix, METADATA_FOLDER, METADATA_FILES[file]);
}

/** Writes `.spack/spec.json`: from then on the folder is an installed package for whoever scans the tree. */
export async function writePrefixSpec(prefix: string, spec: ConcreteSpec): Promise<void> {
  await writeMetadata(prefix, 'spec', formatSpecText(spec));
}

export interface InstallPhase {
  readonly name: string;
  readonly seconds: number;
  readonly count: number;
}

export interface InstallTimes {
  readonly name: string;
  readonly hash: DagHash;
  readonly totalSeconds: number;
  readonly phases: readonly InstallPhase[];
  /** True for a package that came from a build cache. */
  readonly fromCache: boolean;
}

/** Writes `.spack/install_times.json`. */
export async function writeInstallTimes(prefix: string, times: InstallTimes): Promise<void> {
  const { name, hash, totalSeconds, phases, fromCache } = times;
  const document = {
    total: secondsNumber(totalSeconds),
    phases: phases.map((phase) => ({
      name: phase.name,
      path: phase.name,
      seconds: secondsNumber(phase.seconds),
      count: phase.count,
    })),
    name,
    cache: fromCache,
    hash,
  };
  await writeMetadata(prefix, 'times', formatJson(toJson(document)));
}

/** What a package was built on. */
export interface InstallEnvironment {
  readonly hostOs: string;
  readonly platform: string;
  readonly hostTarget: string;
  readonly hostname: string;
  /** Program and version that installed. */
  readonly installer: string;
  readonly kernelVersion: string;
}

/** Writes `.spack/install_environment.json`. */
export async function writeInstallEnvironment(prefix: string, environment: InstallEnvironment): Promise<void> {
  const document = {
    host_os: environment.hostOs,
    platform: environment.platform,
    host_target: environment.hostTarget,
    hostname: environment.hostname,
    spack_version: environment.installer,
    kernel_version: environment.kernelVersion,
  };
  await writeMetadata(prefix, 'environment', formatJson(toJson(document)));
}

/** The spec a prefix says it holds; `undefined` when it has none. Rejects when the file is damaged. */
export async function readPrefixSpec(prefix: string): Promise<ConcreteSpec | undefined> {
  const text = await readSpecText(prefix);
  if (text === undefined) return undefined;
  return readSpecDocument(text, { what: metadataPath(prefix, 'spec'), kind: 'index' }).root;
}

/** The DAG hash a prefix says it has, without building its spec; `undefined` when it does not say. */
export async function readPrefixHash(prefix: string): Promise<string | undefined> {
  const text = await readSpecText(prefix);
  if (text === undefined) return undefined;
  const what = metadataPath(prefix, 'spec');
  return rootHash(parseStrictJson(text, { what, kind: 'index' }));
}

/** True when `prefix` is a folder holding exactly the package `hash`. A damaged file is no proof of it. */
export async function isInstalledAt(prefix: string, hash: DagHash): Promise<boolean> {
  try {
    return (await readPrefixHash(prefix)) === hash;
  } catch {
    return false;
  }
}

async function writeMetadata(prefix: string, file: keyof typeof METADATA_FILES, text: string): Promise<void> {
  const path = metadataPath(prefix, file);
  try {
    await mkdir(join(prefix, METADATA_FOLDER), { recursive: true });
    await writeFileAtomic(path, text);
  } catch (error) {
    throw ioError(`write ${path}`, error);
  }
}

async function readSpecText(prefix: string): Promise<Buffer | undefined> {
  const path = metadataPath(prefix, 'spec');
  try {
    const bytes = await readFile(path);
    if (bytes.length <= DEFAULT_LIMITS.specBytes) return bytes;
  } catch (error) {
    const errno = errnoCode(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw ioError(`read ${path}`, error);
  }
  throw new BerthError('limit', 'ERR_LIMIT', `read ${path}: larger than ${DEFAULT_LIMITS.specBytes} bytes`);
}

function rootHash(document: JsonValue): string | undefined {
  const spec = isJsonObject(document) ? document.get('spec') : undefined;
  const nodes = isJsonObject(spec) ? spec.get('nodes') : undefined;
  const root = isJsonArray(nodes) ? nodes[0] : undefined;
  const hash = isJsonObject(root) ? root.get('hash') : undefined;
  return typeof hash === 'string' ? hash : undefined;
}
