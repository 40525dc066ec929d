import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BerthEvent } from '@berth/base';
import { type MirrorConnection } from '@berth/buildcache';
import { LayoutRegistry } from '../../src/layout/layout-registry.ts';
import { layoutReference } from '../../src/layout/layout-url.ts';
import { openLocalBlobs } from '../../src/local-blobs.ts';
import { OciMirror } from '../../src/mirror/oci-mirror.ts';
import { type Registry } from '../../src/registry.ts';
import { type OciSource } from '../../src/source.ts';

export const FIXTURES: string = join(import.meta.dirname, '../fixtures/oci-layout');

/** A folder that is removed afterwards. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
}

export async function openTemporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'berth-oci-test-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export function connectionTo(folder: string, changes: Partial<MirrorConnection> = {}): MirrorConnection {
  return {
    name: 'm',
    direction: 'push',
    url: `oci-layout://${folder}`,
    settings: {},
    credentials: async () => undefined,
    cacheDir: undefined,
    emit: () => undefined,
    ...changes,
  };
}

export interface MirrorOptions {
  readonly connection?: Partial<MirrorConnection>;
  readonly sourceDate?: Date;
  /** What stands between the mirror and the layout. */
  readonly wrap?: (registry: Registry) => Registry;
}

/** The parts of a mirror in a layout. */
export function sourceAt(folder: string, { connection, sourceDate, wrap }: MirrorOptions = {}): OciSource {
  const complete = connectionTo(folder, connection);
  const registry = new LayoutRegistry(folder);
  return {
    connection: complete,
    registry: wrap === undefined ? registry : wrap(registry),
    blobs: openLocalBlobs(complete.cacheDir),
    openBase: async (reference) => {
      const place = layoutReference(reference);
      return { registry: new LayoutRegistry(place.folder), reference: place.tag, mountFrom: undefined };
    },
    sourceDate,
  };
}

export function mirrorAt(folder: string, options: MirrorOptions = {}): OciMirror {
  return new OciMirror(sourceAt(folder, options));
}

/** A copy of a golden layout, opened as a mirror. */
export async function goldenMirror(
  name: string,
  options: MirrorOptions = {},
): Promise<AsyncDisposable & { readonly mirror: OciMirror; readonly path: string; readonly events: BerthEvent[] }> {
  const folder = await openTemporaryFolder();
  const path = join(folder.path, 'layout');
  await cp(join(FIXTURES, name), path, { recursive: true });
  const events: BerthEvent[] = [];
  const connection = { emit: (event: BerthEvent) => events.push(event), ...options.connection };
  const mirror = mirrorAt(path, { ...options, connection });
  return {
    mirror,
    path,
    events,
    [Symbol.asyncDispose]: async () => {
      await mirror[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
