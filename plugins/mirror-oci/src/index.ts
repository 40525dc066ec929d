import { z } from '@berth/base';
import { type Plugin } from '@berth/core';
import { type OciMirrorOptions, openOciMirror } from './open-mirror.ts';

const options: z.ZodType<OciMirrorOptions> = z.strictObject({
  certificateAuthorities: z.string().min(1).exactOptional(),
});

/** `oci://`, `oci+http://` and `oci-layout://` mirrors: build caches in registries and image layouts. */
const plugin: Plugin<OciMirrorOptions> = {
  name: '@berth/mirror-oci',
  apiVersion: 1,
  options,
  apply(berth, given) {
    for (const scheme of ['oci', 'oci+http', 'oci-layout']) {
      berth.hooks.mirror
        .for(scheme)
        .tapPromise('@berth/mirror-oci', (connection) =>
          openOciMirror(connection, { options: given, env: process.env }),
        );
    }
  },
};
export default plugin;
