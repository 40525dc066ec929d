import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { installSbang } from '../../src/install/install-sbang.ts';
import { temporaryFolder } from '../helpers.ts';

const options = { script: '#!/bin/sh\n', directoryMode: 0o755, shebangLimit: 127 };

test('the script is put in place, left alone when it is the same and replaced when it differs', async () => {
  const unpaddedRoot = await temporaryFolder();
  const path = await installSbang({ ...options, unpaddedRoot });
  expect(path).toBe(join(unpaddedRoot, 'bin', 'sbang'));
  const first = await lstat(path);
  expect(first.mode & 0o777).toBe(0o755);
  await installSbang({ ...options, unpaddedRoot });
  expect((await lstat(path)).ino).toBe(first.ino);
  await writeFile(path, 'old');
  await installSbang({ ...options, unpaddedRoot });
  expect(await readFile(path, 'utf8')).toBe(options.script);
  expect(await readdir(join(unpaddedRoot, 'bin'))).toEqual(['sbang']);
});

test('a root whose scripts the system could not run is refused', async () => {
  const unpaddedRoot = join(await temporaryFolder(), 'x'.repeat(120));
  await expect(installSbang({ ...options, unpaddedRoot })).rejects.toMatchObject({
    kind: 'config',
    code: 'ERR_SBANG_PATH',
  });
});
