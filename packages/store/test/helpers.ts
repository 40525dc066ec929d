import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

const folders: string[] = [];

/** A new folder that is removed when the test file ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-store-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

export function fixture(name: string): string {
  return join(import.meta.dirname, 'fixtures', name);
}

export async function readFixture(name: string): Promise<string> {
  return readFile(fixture(name), 'utf8');
}

/** A signal that never aborts. */
export const signal: AbortSignal = new AbortController().signal;
