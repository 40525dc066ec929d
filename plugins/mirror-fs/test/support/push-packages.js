// push-packages.js FOLDER DOCUMENTS: pushes each spec document of the JSON file into the mirror and adds it to the index.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { bytesSource, sha256Of } from '@berth/base';
import { parseSpecBlob } from '@berth/buildcache';
import { createHooks } from '@berth/core';
import plugin from '@berth/mirror-fs';

const [folder, documents] = process.argv.slice(2);
const { signal } = new AbortController();
const hooks = createHooks();
plugin.apply({ apiVersion: 1, hooks }, {});
const connection = {
  name: 'm',
  direction: 'push',
  url: pathToFileURL(folder).href,
  settings: {},
  credentials: async () => undefined,
  cacheDir: undefined,
  emit: () => undefined,
};
const mirror = await hooks.mirror.for('file').promise(connection, { signal });
for (const document of JSON.parse(readFileSync(documents, 'utf8'))) {
  const spec = await parseSpecBlob(Buffer.from(document), 'spec');
  const archive = { source: bytesSource(spec.name), digest: sha256Of(spec.name), diffId: sha256Of(spec.name) };
  const publication = { spec, closure: [spec], prefix: '/p', archive, runEnvironment: [], attachments: [] };
  await mirror.publish(publication, { signal });
  await mirror.updateIndex({ add: [spec] }, { signal });
}
