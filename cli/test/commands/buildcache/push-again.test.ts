import { expect, test } from '@jest/globals';
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bench, type Printed } from '../bench.ts';
import { outcomesOf, quickstart } from './support.ts';

interface Installed extends Bench {
  readonly push: (target: string) => Promise<Printed>;
}

/** Everything of the quickstart installed from an image layout, which is gone. */
async function installed(): Promise<Installed> {
  const place = await quickstart();
  const { berth, cwd } = place;
  const layout = `oci-layout://${cwd}/from`;
  await berth('buildcache', 'sync', '-u', './mirror', layout);
  await rm(join(cwd, 'mirror'), { recursive: true });
  await berth('mirror', 'add', 'from', layout);
  const result = await berth('install', '--no-check-signature');
  expect(result.exitCode).toBe(0);
  return { ...place, push: (target) => berth('buildcache', 'push', '-u', target) };
}

async function digestsIn(folder: string): Promise<ReadonlySet<string>> {
  return new Set((await readdir(folder, { recursive: true })).map((name) => name.split('/').at(-1) ?? ''));
}

const decisions = ({ events }: Printed): readonly string[] =>
  events.flatMap((event) =>
    event.type === 'decision' && event.decision.includes('installed from') ? [event.subject] : [],
  );

test('what was installed from a cache is pushed as the archive that it came from, to mirrors of any kind', async () => {
  const { push, cwd } = await installed();
  const from = await digestsIn(join(cwd, 'from/blobs'));
  for (const [target, blobs] of [
    [`oci-layout://${cwd}/to`, 'to/blobs'],
    ['./folder', 'folder/blobs'],
  ] as const) {
    const pushed = await push(target);
    expect(outcomesOf(pushed)).toEqual({ greet: 'pushed', libgreet: 'pushed', 'gcc-runtime': 'pushed' });
    expect(decisions(pushed)).toHaveLength(3);
    const shared = [...(await digestsIn(join(cwd, blobs)))].filter(
      (digest) => /^[0-9a-f]{64}$/.test(digest) && from.has(digest),
    );
    expect(shared.length).toBeGreaterThanOrEqual(3);
  }
}, 30_000);

test('F10: a prefix that was changed is packed, and so is one whose archive was damaged or cleared', async () => {
  const { push, berth, cwd, home } = await installed();
  const { text } = await berth('location', '-i', 'greet');
  const prefix = text.trim();
  const [program = ''] = await readdir(join(prefix, 'bin'));
  await appendFile(join(prefix, 'bin', program), '\n');
  const changed = await push(`oci-layout://${cwd}/to`);
  expect(
    decisions(changed)
      .map((subject) => subject.split('@')[0])
      .sort(),
  ).toEqual(['gcc-runtime', 'libgreet']);
  expect(outcomesOf(changed)).toMatchObject({ greet: 'pushed' });
  const blobs = join(home, '.spack/cache/blobs/sha256');
  for (const name of await readdir(blobs)) {
    const bytes = await readFile(join(blobs, name));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(join(blobs, name), bytes);
  }
  const damaged = await push('./folder');
  expect(damaged.exitCode).toBe(0);
  expect(decisions(damaged)).toEqual([]);
  await berth('clean', '-a');
  expect(await readdir(join(home, '.spack/cache/blobs/archives'))).toEqual([]);
}, 30_000);
