import { readFile } from 'node:fs/promises';
import { BerthError } from '@berth/base';

/** The number of a group, looked up where the system looks. Rejects with ERR_GROUP (`config`). */
export async function groupId(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const id = (await localGroupId(group)) ?? (await systemGroupId(group));
  if (id !== undefined) return id;
  throw new BerthError('config', 'ERR_GROUP', `set the group of installed files: ${group}: no such group`, {
    hint: 'Correct permissions:group in packages.yaml.',
    details: { group },
  });
}

async function localGroupId(group: string): Promise<number | undefined> {
  const text = await readFile('/etc/group', 'utf8').catch(() => '');
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${group}:`));
  const id = line?.split(':')[2];
  return id !== undefined && /^\d+$/.test(id) ? Number(id) : undefined;
}

/** Groups of directory services, which no file lists. */
async function systemGroupId(group: string): Promise<number | undefined> {
  const { default: koffi } = await import('koffi');
  // `struct group` begins alike on all systems; what comes after the number is not looked at.
  const type = koffi.struct({ name: 'const char *', password: 'const char *', id: 'uint32' });
  const getgrnam = koffi.load(null).func('getgrnam', koffi.pointer(type), ['str']) as unknown as (
    name: string,
  ) => unknown;
  const entry = getgrnam(group);
  return entry === null ? undefined : (koffi.decode(entry, type) as { readonly id: number }).id;
}
