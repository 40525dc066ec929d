import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import { bench, type Printed } from '../bench.ts';
import { MIRRORS, vectors } from './support.ts';

interface ListVectors {
  readonly cases: readonly {
    readonly name: string;
    readonly mirror: string;
    readonly flags: readonly string[];
    readonly view?: string;
    readonly want: string;
  }[];
}

test('buildcache list prints what Spack prints, for every golden mirror and flag', async () => {
  const { cases } = await vectors<ListVectors>('buildcache-list');
  for (const { name, mirror, flags, view, want } of cases) {
    const { berth } = await bench();
    await berth('mirror', 'add', ...(view === undefined ? [] : ['--name', view]), 'm', join(MIRRORS, mirror));
    const { text, events } = await berth('buildcache', 'list', '-a', ...flags, 'greet', 'libgreet', 'gcc-runtime');
    expect([name, text]).toEqual([name, want]);
    expect(warningsOf(events)).toEqual([]);
  }
  expect(cases).toHaveLength(17);
});

function warningsOf(events: Printed['events']): readonly string[] {
  return events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
}

test('buildcache list --json says which mirrors have a package', async () => {
  const { berth } = await bench();
  await berth('mirror', 'add', 'second', join(MIRRORS, 'v3-signed'));
  await berth('mirror', 'add', 'first', join(MIRRORS, 'v3-unsigned'));
  await berth('mirror', 'add', '--type', 'source', 'sources', join(MIRRORS, 'v2-unsigned'));
  const { document } = await berth('buildcache', 'list', '-a', 'greet');
  expect(document).toEqual({
    packages: [
      {
        ...{ name: 'greet', version: '1.0', hash: '7y7a35nxci34gy7e3r7bdjnes5o2o7bm', namespace: 'demo' },
        ...{ platform: 'linux', os: 'debian12', target: 'x86_64', mirrors: ['first', 'second'] },
        spec: 'greet@1.0 build_system=makefile platform=linux os=debian12 target=x86_64 %c=gcc@12.2.0',
      },
    ],
  });
  expect(await berth('buildcache', 'list', '-a', 'nosuch')).toMatchObject({ text: '', exitCode: 0 });
});

test('a spec that names an architecture is listed wherever it runs', async () => {
  const { berth } = await bench();
  await berth('mirror', 'add', 'm', join(MIRRORS, 'v3-unsigned'));
  const { text } = await berth('buildcache', 'list', 'greet platform=linux os=debian12 target=x86_64');
  expect(text).toContain('greet@1.0');
});
