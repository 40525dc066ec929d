import { type BuiltinPlugin } from '@berth/core';

/** The plugins that come with berth, as data: none is imported before one of its hooks is needed. */
export const BUILTIN_PLUGINS: readonly BuiltinPlugin[] = [
  {
    name: '@berth/mirror-fs',
    manifest: { apiVersion: 1, provides: ['mirror:file'] },
    load: () => import('@berth/mirror-fs'),
  },
  {
    name: '@berth/mirror-oci',
    manifest: { apiVersion: 1, provides: ['mirror:oci', 'mirror:oci+http', 'mirror:oci-layout'] },
    load: () => import('@berth/mirror-oci'),
  },
];
