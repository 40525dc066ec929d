import { join } from 'node:path';
import { mirrorContract } from '@berth/plugin-kit';
import { describeContract } from '@berth/plugin-kit/jest';
import { mirrorAt, openTemporaryFolder } from './support/layouts.ts';

describeContract('a mirror in an image layout', mirrorContract, async () => {
  const folder = await openTemporaryFolder();
  const mirror = mirrorAt(join(folder.path, 'layout'), { connection: { cacheDir: join(folder.path, 'cache') } });
  return {
    mirror,
    [Symbol.asyncDispose]: async () => {
      await mirror[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});

describeContract('a mirror in an image layout, with nothing kept between runs', mirrorContract, async () => {
  const folder = await openTemporaryFolder();
  const mirror = mirrorAt(join(folder.path, 'layout'));
  return {
    mirror,
    [Symbol.asyncDispose]: async () => {
      await mirror[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
});
