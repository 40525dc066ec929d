import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BerthEvent } from '@berth/base';
import { type Mirror, type MirrorConnection, objectStoreMirror } from '@berth/buildcache';
import { FsObjectStore } from '../../src/fs-object-store.ts';

/** A folder that is removed afterwards. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export async function openTemporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'berth-mirror-fs-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export function connectionTo(folder: string, events: BerthEvent[] = []): MirrorConnection {
  return {
    name: 'm',
    direction: 'push',
    url: pathToFileURL(folder).href,
    settings: {},
    credentials: async () => undefined,
    cacheDir: undefined,
    emit: (event) => events.push(event),
  };
}

export function mirrorAt(folder: string, connection: Partial<MirrorConnection> = {}): Mirror {
  const complete = { ...connectionTo(folder), ...connection };
  return objectStoreMirror(new FsObjectStore(folder, { emit: complete.emit }), complete);
}
