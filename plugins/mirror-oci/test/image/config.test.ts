import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, parseStrictJson, sha256Of } from '@berth/base';
import { targetByName } from '@berth/spec';
import {
  diffIdsOf,
  formatImageConfig,
  imageArchitecture,
  parseImageConfig,
  readConfigSpec,
} from '../../src/image/config.ts';
import { mergeEnvironment } from '../../src/image/environment.ts';
import { FIXTURES } from '../support/layouts.ts';

const GOLDEN = 'dab5e65f2ce6c3a40311d541290eea5e3b2661a18767e96c6d7cefcb86c0d09c';
const golden = readFileSync(join(FIXTURES, 'cache/blobs/sha256', GOLDEN));

function changed(change: (config: Record<string, unknown>) => void): Buffer {
  const config = JSON.parse(golden.toString()) as Record<string, unknown>;
  change(config);
  return Buffer.from(JSON.stringify(config));
}

describe('the config of a package', () => {
  test('holds its spec', () => {
    expect(readConfigSpec(golden, 'c').hash).toBe('7y7a35nxci34gy7e3r7bdjnes5o2o7bm');
  });

  test.each([0, 1, 2, 3])('J11 of layout %d is read', (version) => {
    const config = changed((each) => (each['buildcache_layout_version'] = version));
    expect(readConfigSpec(config, 'c').name).toBe('greet');
  });

  test('J11 of no layout number is one of the oldest, and one of a newer layout says so', () => {
    expect(
      readConfigSpec(
        changed((each) => delete each['buildcache_layout_version']),
        'c',
      ).name,
    ).toBe('greet');
    const newer = changed((each) => (each['buildcache_layout_version'] = 4));
    expect(() => readConfigSpec(newer, 'c')).toThrow(
      expect.objectContaining({
        kind: 'format',
        code: 'ERR_LAYOUT_VERSION',
        message: expect.stringContaining('newer'),
      }),
    );
  });

  test.each([-1, '3', 1.5, null, true])('J03 of the layout number %j is malformed', (version) => {
    const config = changed((each) => (each['buildcache_layout_version'] = version));
    expect(() => readConfigSpec(config, 'c')).toThrow(expect.objectContaining({ kind: 'format' }));
  });

  test('J09 without a spec is no package', () => {
    expect(() =>
      readConfigSpec(
        changed((each) => delete each['spec']),
        'c',
      ),
    ).toThrow(expect.objectContaining({ code: 'ERR_DOCUMENT', message: expect.stringContaining('/spec') }));
  });

  test('J01 with two specs is refused', () => {
    const text = golden.toString().replace('"spec":', '"spec":{},"spec":');
    expect(() => readConfigSpec(Buffer.from(text), 'c')).toThrow(expect.objectContaining({ code: 'ERR_JSON' }));
  });

  test('J12 lists digests of its layers, each of which must be one', () => {
    expect(diffIdsOf(parseImageConfig(golden, 'c'), 'c')).toHaveLength(3);
    const bad = changed((each) => (each['rootfs'] = { type: 'layers', diff_ids: ['sha256:x'] }));
    expect(() => diffIdsOf(parseImageConfig(bad, 'c'), 'c')).toThrow(expect.objectContaining({ kind: 'format' }));
  });
});

test('an architecture is that of the family of the target', () => {
  const of = (name: string): string => imageArchitecture({ target: targetByName(name) });
  expect(['x86_64', 'zen4', 'x86_64_v3', 'aarch64', 'neoverse_v1', 'ppc64le', 'riscv64'].map(of)).toEqual([
    'amd64',
    'amd64',
    'amd64',
    'arm64',
    'arm64',
    'ppc64le',
    'riscv64',
  ]);
});

describe('the history of a base image', () => {
  const layer = { diffId: sha256Of('x'), createdBy: 'berth: x' };
  const base = (history: unknown): JsonObject =>
    parseStrictJson(JSON.stringify({ rootfs: { type: 'layers', diff_ids: [`sha256:${sha256Of('b')}`] }, history }), {
      what: 'base',
    }) as JsonObject;
  const historyOf = (config: JsonObject): unknown =>
    (
      JSON.parse(
        formatImageConfig({ base: config, architecture: 'amd64', layers: [layer], runEnvironment: [] }).toString(),
      ) as { history: unknown }
    ).history;

  test('goes on with the layers that are added', () => {
    const before = [{ created_by: 'a' }, { created_by: 'b', empty_layer: true }];
    expect(historyOf(base(before))).toEqual([...before, { created_by: 'berth: x' }]);
  });

  test('that does not fit its own layers stays as it is', () => {
    expect(historyOf(base([]))).toEqual([]);
    expect(historyOf(base(undefined))).toBeUndefined();
  });
});

describe('the environment of an image', () => {
  test('has a search path even without packages', () => {
    expect(mergeEnvironment([], [])).toEqual(['PATH=/bin:/usr/bin']);
  });

  test('puts lists in front of those of the base image, each entry once, and replaces other values', () => {
    const base = ['PATH=/usr/bin:/bin', 'MANPATH=/usr/share/man', 'MODE=base', 'EMPTY=', 'no-variable'];
    const run = [
      { name: 'Z', value: '1' },
      { name: 'PATH', value: '/p/bin:/p/bin:/usr/bin' },
      { name: 'MANPATH', value: '/p/man', separator: ':' },
      { name: 'MODE', value: 'package' },
      { name: 'A', value: 'x=y' },
    ];
    expect(mergeEnvironment(base, run)).toEqual([
      'PATH=/p/bin:/usr/bin:/bin',
      'MANPATH=/p/man:/usr/share/man',
      'MODE=package',
      'EMPTY=',
      'A=x=y',
      'Z=1',
    ]);
  });
});
