import { expect, test } from '@jest/globals';
import { trees } from './trees.ts';

test.each(['dependencies', 'dependents'])('%s without --installed says that recipes are needed', async (command) => {
  const { on } = await trees();
  await expect(on('quick', [command, 'greet'])).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining('recipe') as unknown,
    hint: expect.stringContaining('--installed') as unknown,
  });
});

test('documents name the packages and where they are', async () => {
  const { on } = await trees();
  const { document } = await on('quick', ['dependencies', '-i', '--deptype', 'run', 'greet']);
  expect(document).toEqual({
    dependencies: [
      {
        name: 'libgreet',
        version: '1.0',
        hash: 'jcni4qeht7exvcpnt737c2cvqazoz7jz',
        prefix: '/opt/quick/store/linux-x86_64/libgreet-1.0-jcni4qeht7exvcpnt737c2cvqazoz7jz',
      },
    ],
  });
  const dependents = await on('quick', ['dependents', '-i', 'libgreet']);
  expect(dependents.document).toMatchObject({ dependents: [{ name: 'greet' }] });
});

test('dependents of the local tree are found for packages of an upstream', async () => {
  const { on } = await trees();
  expect((await on('chained', ['dependents', '-i', 'libgreet'])).text).toContain('topgreet@3.0');
});

test.each([
  { argv: ['nosuch'], error: { kind: 'notfound', code: 'ERR_NOT_INSTALLED' } },
  { argv: ['zlib'], error: { kind: 'usage', code: 'ERR_SEVERAL_MATCH' } },
  { argv: [], error: { kind: 'usage', code: 'ERR_SPEC_MISSING' } },
  { argv: ['tool', 'gcc'], error: { kind: 'usage', code: 'ERR_SPEC_MISSING' } },
  { argv: ['--deptype', 'build,compile', 'tool'], error: { kind: 'usage', code: 'ERR_USAGE' } },
])('dependencies -i $argv wants exactly one installed spec and known types', async ({ argv, error }) => {
  const { on } = await trees();
  await expect(on('mixed', ['dependencies', '-i', ...argv])).rejects.toMatchObject(error);
});
