// What a plugin's author writes to run the kit: how to make an empty mirror.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createHooks } from '@berth/core';
import plugin from '@berth/mirror-fs';

const { signal } = new AbortController();

async function mirror() {
  const folder = await mkdtemp(join(tmpdir(), 'berth-kit-'));
  const hooks = createHooks();
  plugin.apply({ apiVersion: 1, hooks }, {});
  const url = pathToFileURL(folder).href;
  const connection = {
    name: 'm',
    direction: 'push',
    url,
    settings: {},
    credentials: async () => undefined,
    emit: () => undefined,
  };
  return {
    mirror: await hooks.mirror.for('file').promise(connection, { signal }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

export default { mirror };
