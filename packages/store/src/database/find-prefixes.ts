import { type Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Emit, errnoCode, ioError, messageOf } from '@berth/base';
import { type ConcreteSpec, readSpecDocument } from '@berth/spec';
import { METADATA_FILES, METADATA_FOLDER, metadataPath, readPrefixSpec } from '../install/prefix-metadata.ts';
import { STAGING_PREFIX } from '../install/staging.ts';

/** A package that was found in an install tree. */
export interface FoundPrefix {
  readonly prefix: string;
  readonly spec: ConcreteSpec;
  /** When the prefix was made, in seconds since the epoch. */
  readonly installationTime: number;
  /** Specs that were given up for this one. */
  readonly deprecated: readonly ConcreteSpec[];
}

/**
 * Every package below `root`: each folder whose metadata can be read, not looking inside it and not following links. What
 * cannot be read is skipped with a warning. Folders in which an install is being made ready or undone are no packages.
 */
export async function* findPrefixes(
  root: string,
  options: { readonly signal: AbortSignal; readonly emit: Emit },
): AsyncIterable<FoundPrefix> {
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    options.signal.throwIfAborted();
    const entries = await readFolder(folder);
    const isPrefix = folder !== root && entries.some((entry) => entry.name === METADATA_FOLDER && entry.isDirectory());
    const found = isPrefix ? await readFound(folder, options.emit) : undefined;
    if (found !== undefined) yield found;
    else if (!isPrefix) open.push(...subfolders(folder, entries));
  }
}

/** Names that other writers give to what is not, or no longer, a package (store-and-specs-on-disk D.3). */
const TEMPORARY = /^\.(?:backup.*|.+\.(?:old|garbage))$/;

function subfolders(folder: string, entries: readonly Dirent[]): readonly string[] {
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  const visible = names.filter((name) => !name.startsWith(STAGING_PREFIX) && !TEMPORARY.test(name));
  // Last in, first out: in the order of names.
  return visible
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

async function readFound(prefix: string, emit: Emit): Promise<FoundPrefix | undefined> {
  try {
    const spec = await readPrefixSpec(prefix);
    if (spec === undefined) {
      emit(skipped(prefix, `it has no ${METADATA_FILES.spec}`));
      return undefined;
    }
    const { ctimeMs } = await stat(prefix);
    return { prefix, spec, installationTime: ctimeMs / 1000, deprecated: await readDeprecated(prefix) };
  } catch (error) {
    emit(skipped(prefix, messageOf(error)));
    return undefined;
  }
}

async function readDeprecated(prefix: string): Promise<readonly ConcreteSpec[]> {
  const folder = metadataPath(prefix, 'deprecated');
  const names = await readdir(folder).catch((): string[] => []);
  const specs: ConcreteSpec[] = [];
  for (const name of names.filter((candidate) => candidate.endsWith(`_${METADATA_FILES.spec}`))) {
    const path = join(folder, name);
    specs.push(readSpecDocument(await readFile(path), { what: path, kind: 'index' }).root);
  }
  return specs;
}

async function readFolder(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw ioError(`read ${folder}`, error);
  }
}

function skipped(prefix: string, why: string): Parameters<Emit>[0] {
  return { type: 'warning', code: 'ERR_PREFIX_SKIPPED', message: `reindex: ${prefix}: not recorded: ${why}` };
}
