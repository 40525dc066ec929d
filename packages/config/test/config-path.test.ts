import { expect, test } from '@jest/globals';
import { parseConfigPath, parseConfigSetting, toData } from '../src/index.ts';
import { failure, folder, load } from './support.ts';

const MARKS = { override: 'o', prepend: 'p', append: 'a', merge: '' } as const;
const shown = (text: string): string[] =>
  parseConfigPath(text).map(
    ({ name, mark, quoted }) => `${name}${mark === 'merge' && !quoted ? '' : `(${MARKS[mark]}${quoted ? 'q' : ''})`}`,
  );

const PATHS = [
  ['x:y:z', ['x', 'y', 'z']],
  ['x:y::z', ['x', 'y(o)', 'z']],
  ['x::', ['x(o)']],
  ['x:', ['x(o)']],
  ['x:y+:z', ['x', 'y(p)', 'z']],
  ['x:y-:z', ['x', 'y(a)', 'z']],
  ["x:'a:b':c", ['x', 'a:b(q)', 'c']],
  ['x:"a:b":c', ['x', 'a:b(q)', 'c']],
  ['config:build_stage:[a,b]', ['config', 'build_stage', '[a,b]']],
  ['mirrors:m:s3://b/p', ['mirrors', 'm', 's3', '//b/p']],
  ['packages:n:{"buildable": false}', ['packages', 'n', '{"buildable": false}']],
  ['packages:foo:variants+:+z', ['packages', 'foo', 'variants(p)', '+z']],
  ['packages:foo:variants:c+', ['packages', 'foo', 'variants', 'c+']],
] as const;

test.each(PATHS)('the path %s is taken apart', (text, want) => {
  expect(shown(text)).toEqual(want);
});

test.each(['', ':x', 'x::y::z', 'x:["a'])('the path %j is a usage error', async (text) => {
  expect(await failure(() => parseConfigPath(text))).toMatchObject({ kind: 'usage', code: 'ERR_CONFIG_PATH' });
});

test.each(['x', 'x:y::'])('the setting %j has no value', async (text) => {
  expect(await failure(() => parseConfigSetting(text))).toMatchObject({ kind: 'usage', code: 'ERR_CONFIG_PATH' });
});

test('a value in quotes is text and any other is YAML', () => {
  expect(toData(parseConfigSetting('config:build_jobs:"4"').value)).toBe('4');
  expect(toData(parseConfigSetting('config:build_jobs:4').value)).toBe(4);
  expect(toData(parseConfigSetting("config:build_stage:['a', b]").value)).toEqual(['a', 'b']);
});

const LOWER = { 'cfg/packages.yaml': "packages::\n  foo:\n    version: ['1', '2']\n    variants: +x\n" };
const OVERRIDES = [
  ["packages:foo:version:['9']", { version: ['9', '1', '2'], variants: '+x' }],
  ["packages:foo:version::['9']", { version: ['9'], variants: '+x' }],
  ["packages:foo:version-:['9']", { version: ['1', '2', '9'], variants: '+x' }],
  ["packages:foo:version+:['9']", { version: ['9', '1', '2'], variants: '+x' }],
  ['packages:foo:variants+:+z', { version: ['1', '2'], variants: '+z+x' }],
  ['packages:foo:variants-:+z', { version: ['1', '2'], variants: '+x+z' }],
  ["packages::foo:version:['9']", { version: ['9'] }],
  ["packages:foo:version:'9.5'", { version: ['9.5', '1', '2'], variants: '+x' }],
] as const;

test.each(OVERRIDES)('-c %s is laid over the files', async (override, want) => {
  const { configuration } = await load(folder(LOWER), { overrides: [override] });
  expect(configuration.packages()).toEqual({ foo: want });
});

test('a violation on the command line names the command line', async () => {
  const error = await failure(() => load(folder(), { overrides: ['config:build_jobs:x'] }));
  expect(error).toMatchObject({ kind: 'config', message: expect.stringContaining('command_line: config:build_jobs') });
  expect(await failure(() => load(folder(), { overrides: ['confg:build_jobs:1'] }))).toMatchObject({
    hint: 'Did you mean "config"?',
  });
});
