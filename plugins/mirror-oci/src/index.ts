import { type Plugin } from '@berth/core';
import { openOciMirror } from './open-mirror.ts';

/** `oci://`, `oci+http://` and `oci-layout://` mirrors: build caches in registries and image layouts. */
const plugin: Plugin = {
  name: '@berth/mirror-oci',
  apiVersion: 1,
  apply(berth) {
    for (const scheme of ['oci', 'oci+http', 'oci-layout']) {
      berth.hooks.mirror
        .for(scheme)
        .tapPromise('@berth/mirror-oci', (connection) => openOciMirror(connection, { env: process.env }));
    }
  },
};
export default plugin;
