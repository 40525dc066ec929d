import { type Registry } from '../../src/registry.ts';

/** What was asked of a registry, one line each: `getManifest index.spack`. */
export type Requests = string[];

/** A registry that notes each call before it answers. */
export function recorded(registry: Registry, requests: Requests): Registry {
  const note = (line: string): void => {
    requests.push(line);
  };
  return {
    label: registry.label,
    getManifest: async (reference, options) => {
      note(`getManifest ${reference}`);
      return registry.getManifest(reference, options);
    },
    putManifest: async (reference, manifest, options) => {
      note(`putManifest ${reference}`);
      return registry.putManifest(reference, manifest, options);
    },
    hasBlob: async (blob, options) => {
      note('hasBlob');
      return registry.hasBlob(blob, options);
    },
    openBlob: async (blob, options) => {
      note(`openBlob ${blob.digest}`);
      return registry.openBlob(blob, options);
    },
    putBlob: async (blob, options) => {
      const outcome = await registry.putBlob(blob, options);
      note(`putBlob ${outcome}`);
      return outcome;
    },
    listTags: (options) => {
      note('listTags');
      return registry.listTags(options);
    },
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}
