import { z } from '@berth/base';
import { objectStoreMirror } from '@berth/buildcache';
import { type Plugin } from '@berth/core';
import { folderOfUrl } from './file-url.ts';
import { FsObjectStore } from './fs-object-store.ts';

export interface FsMirrorOptions {
  /** Permission bits of created folders, e.g. 0o775; files get the same without execution. Absent: the umask decides. */
  readonly directoryMode?: number;
}

const MAX_MODE = 0o7777;
const options: z.ZodType<FsMirrorOptions> = z.strictObject({
  directoryMode: z.int().min(0o700).max(MAX_MODE).exactOptional(),
});

/** `file://` mirrors: build caches in a folder. */
const plugin: Plugin<FsMirrorOptions> = {
  name: '@berth/mirror-fs',
  apiVersion: 1,
  options,
  apply(berth, { directoryMode }) {
    berth.hooks.mirror.for('file').tapPromise('@berth/mirror-fs', async (connection) => {
      const store = new FsObjectStore(folderOfUrl(connection.url), { directoryMode, emit: connection.emit });
      return objectStoreMirror(store, connection);
    });
  },
};
export default plugin;
