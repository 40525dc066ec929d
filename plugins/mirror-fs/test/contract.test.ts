import { mirrorContract, objectStoreContract } from '@berth/plugin-kit';
import { describeContract } from '@berth/plugin-kit/jest';
import { FsObjectStore } from '../src/fs-object-store.ts';
import { mirrorAt, openTemporaryFolder } from './support/contexts.ts';

describeContract('FsObjectStore', objectStoreContract, async () => {
  const folder = await openTemporaryFolder();
  const store = new FsObjectStore(folder.path, { emit: () => undefined });
  return { store, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
});

describeContract('a mirror in a folder', mirrorContract, async () => {
  const folder = await openTemporaryFolder();
  return { mirror: mirrorAt(folder.path), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
});
