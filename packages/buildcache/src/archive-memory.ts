import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  errnoCode,
  formatJson,
  ioError,
  isBerthError,
  JsonFields,
  parseSha256,
  parseStrictJson,
  type Sha256,
  sha256Of,
  toJson,
  writeFileAtomic,
} from '@berth/base';

/** An installed package, as it was the moment it was installed. */
export interface InstalledState {
  /** DAG hash. */
  readonly hash: string;
  /** Of the document that lists every file of the prefix. */
  readonly manifest: Sha256;
}

/** An archive, by what it is. */
export interface KnownArchive {
  /** Of the compressed bytes. */
  readonly digest: Sha256;
  /** Of the uncompressed bytes, once somebody has looked at all of them. */
  readonly diffId?: Sha256 | undefined;
}

/** Which archive an installed package came from: claims, to be compared with the archive and with the prefix before use. */
export interface ArchiveMemory {
  remember(state: InstalledState, archive: KnownArchive): Promise<void>;
  /** `undefined` when nothing is known, or what is kept is damaged. */
  recall(state: InstalledState): Promise<KnownArchive | undefined>;
}

/** In `<directory>/archives`, one small file for each prefix and state of it. */
export function createArchiveMemory(directory: string): ArchiveMemory {
  const pathOf = ({ hash, manifest }: InstalledState): string =>
    join(directory, 'archives', `${hash}-${manifest}.json`);
  return {
    remember: async (state, archive) => {
      const path = pathOf(state);
      try {
        await mkdir(dirname(path), { recursive: true });
        await writeFileAtomic(path, formatJson(toJson({ ...archive, check: checkOf(state, archive) })));
      } catch (error) {
        throw ioError(`write ${path}`, error);
      }
    },
    recall: async (state) => {
      const path = pathOf(state);
      try {
        const fields = new JsonFields(parseStrictJson(await readFile(path), { what: path }), { what: path });
        const diffId = fields.optionalString('diffId');
        const archive: KnownArchive = {
          digest: parseSha256(fields.string('digest'), path),
          ...(diffId === undefined ? {} : { diffId: parseSha256(diffId, path) }),
        };
        return fields.string('check') === checkOf(state, archive) ? archive : undefined;
      } catch (error) {
        if (errnoCode(error) === 'ENOENT' || isBerthError(error)) return undefined;
        throw ioError(`read ${path}`, error);
      }
    },
  };
}

/** Ties the archive to the state: a file that was damaged or moved says nothing (hostile-inputs F10). */
function checkOf({ hash, manifest }: InstalledState, { digest, diffId }: KnownArchive): Sha256 {
  return sha256Of(`${hash} ${manifest} ${digest} ${diffId ?? ''}`);
}
