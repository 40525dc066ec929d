// Adds records to a database, one transaction each: `transactions.js ROOT NAME COUNT`. Prints the number of each one added.
import { createHash } from 'node:crypto';
import { toJson } from '@berth/base';
import { base32, linkNodes } from '@berth/spec';
import { DEFAULT_PERMISSIONS, DEFAULT_PROJECTIONS, openStore } from '@berth/store';

const [root, name, count] = process.argv.slice(2);
const { signal } = new AbortController();

function specOf(number) {
  const hash = base32(createHash('sha1').update(`${name} ${number}`).digest());
  const node = toJson({
    name,
    version: `1.${number}`,
    arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
    namespace: 'test',
    parameters: { cflags: [], cppflags: [], cxxflags: [], fflags: [], ldflags: [], ldlibs: [] },
    annotations: { original_specfile_version: 5 },
    hash,
  });
  return linkNodes(new Map([[hash, node]]), { what: 'worker' }).get(hash);
}

const store = await openStore({
  root,
  projections: DEFAULT_PROJECTIONS,
  permissionsOf: () => DEFAULT_PERMISSIONS,
  allowSgid: true,
  databaseLockTimeoutMs: 120_000,
  packageLockTimeoutMs: undefined,
  locks: true,
  upstreams: [],
  emit: () => undefined,
  signal,
});

for (let number = 0; number < Number(count); number += 1) {
  await store.database.transaction((records) => records.add(specOf(number), { explicit: true }), { signal });
  process.stdout.write(`${number}\n`);
}
