import { expect, test } from '@jest/globals';
import { canonicalPath, substitute, type SubstitutionContext } from '../src/index.ts';
import { folder, HOST, load, warnings } from './support.ts';

const CONTEXT: SubstitutionContext = {
  env: { USER: 'other', OS: 'ENVOS', A: '$A', B: '$user', SPACK_ROOT: '/root/spack', EMPTY: '' },
  home: '/home/ada',
  cwd: '/work dir',
  host: HOST,
  prefix: '/opt/spack',
  userCachePath: '/home/ada/.spack',
  instanceId: 'abcdefg',
};

const CASES = [
  ['$user-x', 'ada-x'],
  ['$userx', '$userx'],
  ['$$user', '$ada'],
  ['${ user }', '${ user }'],
  ['$(user)', '$(user)'],
  ['$UNSET/x', '$UNSET/x'],
  ['a~/x', 'a~/x'],
  ['~/x', '/home/ada/x'],
  ['~ada/x', '/home/ada/x'],
  ['~nobody/x', '~nobody/x'],
  ['$SPACK_ROOT', '/root/spack'],
  ['$USER $OS ${Date}', 'ada debian12 2026-01-02'],
  ['$spack|$tempdir|$user_cache_path|$spack_instance_id', '/opt/spack|/tmp|/home/ada/.spack|abcdefg'],
  [
    '$architecture $arch $platform $operating_system $target $target_family',
    'linux-debian12-zen3 linux-debian12-zen3 linux debian12 zen3 x86_64',
  ],
  ['$spack_short_version', '1.2'],
  ['$env/x', '$env/x'],
  ['$EMPTY/x', '/x'],
] as const;

test.each(CASES)('%s becomes %s', (text, want) => {
  expect(substitute(text, CONTEXT).text).toBe(want);
});

test('$env is the folder of the active environment', () => {
  expect(substitute('$env/x', { ...CONTEXT, environmentDir: '/e' }).text).toBe('/e/x');
});

test('Y11: what a variable holds is not looked into again', () => {
  expect(substitute('$A ${B} ${${A}}', CONTEXT).text).toBe('$A $user ${$A}');
});

test('Y11: a variable that is not set stays and is warned about when it is part of a path', async () => {
  expect(substitute('$NOPE/$ALSO', CONTEXT).unset).toEqual(['NOPE', 'ALSO']);
  const { configuration, events } = await load(folder({ 'cfg/config.yaml': 'config:\n  source_cache: $NOPE/cache\n' }));
  expect(configuration.paths.sourceCache).toMatch(/\/cfg\/\$NOPE\/cache$/);
  expect(warnings(events)).toEqual([expect.stringMatching(/config\.yaml:2:\d+: \$NOPE\/cache: not set: NOPE/)]);
});

const PATHS = [
  ['rel/../x', '/files/x'],
  ['/abs//y/', '/abs/y'],
  ['file:///a/b', '/a/b'],
  ['file://rel/b', '/b'],
  ['https://h/../x', 'https://h/../x'],
  ['$spack/../..', '/'],
  ['s3://b/$user', 's3://b/ada'],
] as const;

test.each(PATHS)('the path %s is %s', (text, want) => {
  expect(canonicalPath(text, CONTEXT, '/files')).toBe(want);
});
