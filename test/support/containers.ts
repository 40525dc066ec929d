import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { start, succeeded } from './berth.ts';
import { type OciRegistry, PASSWORD, USER } from './oci-registry.ts';

/** Podman and skopeo with storage and settings of their own, and the credentials of one secure registry. */
export interface Containers {
  /** skopeo; `inspect` and `copy` read from the registry. */
  readonly skopeo: (...words: string[]) => Promise<string>;
  /** Makes a small system with a shell, and puts it into the registry under this name, in OCI's or in Docker's form. */
  readonly pushBase: (name: string, form: 'oci' | 'v2s2') => Promise<void>;
  /** Pulls an image and runs a program in it, without its own network, and returns what it prints. */
  readonly run: (image: string, ...words: string[]) => Promise<string>;
}

/** Everything these programs write is below `folder`. */
export function openContainers(folder: string, registry: OciRegistry): Containers {
  const env = { PATH: process.env['PATH'], HOME: folder, XDG_RUNTIME_DIR: folder, TMPDIR: folder };
  const certificates = registry.certificates ?? '';
  const credentials = `${USER}:${PASSWORD}`;
  const call = (program: string, ...words: readonly string[]): Promise<string> =>
    succeeded(`${program} ${words.join(' ')}`, start(program, words, { env, cwd: folder }));
  const podman = (...words: readonly string[]): Promise<string> => call('podman', ...podmanOptions(folder), ...words);
  const access = ['--cert-dir', certificates, '--creds', credentials];
  return {
    skopeo: (command, ...words) =>
      command === 'copy'
        ? call('skopeo', 'copy', '--src-cert-dir', certificates, '--src-creds', credentials, ...words)
        : call('skopeo', command, ...access, ...words),
    pushBase: async (name, form) => {
      const archive = await packBase(folder, call);
      await podman('import', archive, 'base');
      await podman('push', ...access, '--format', form, 'base', `docker://${registry.host}/${name}`);
    },
    run: async (image, ...words) => {
      await podman('pull', '--quiet', ...access, image);
      return podman('run', '--rm', ...runOptions, image, ...words);
    },
  };
}

/** What containers need where they may not make control groups or raise limits. */
const runOptions = ['--network', 'host', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'] as const;

function podmanOptions(folder: string): readonly string[] {
  const storage = [
    '--root',
    join(folder, 'podman'),
    '--runroot',
    join(folder, 'podman-run'),
    '--storage-driver',
    'vfs',
  ];
  return [...storage, '--cgroup-manager', 'cgroupfs', '--runtime', 'runc'];
}

/** A static shell, and the C library that the golden packages are linked with. */
async function packBase(
  folder: string,
  call: (program: string, ...words: readonly string[]) => Promise<string>,
): Promise<string> {
  const base = join(folder, 'base');
  const files = [
    ['/bin/busybox', 'bin/sh'],
    ['/lib64/ld-linux-x86-64.so.2', 'lib64/ld-linux-x86-64.so.2'],
    ['/lib/x86_64-linux-gnu/libc.so.6', 'lib/x86_64-linux-gnu/libc.so.6'],
  ] as const;
  for (const [from, to] of files) await cp(from, join(base, to), { recursive: true, dereference: true });
  await mkdir(join(base, 'tmp'), { recursive: true });
  await call('tar', '-C', base, '-cf', `${base}.tar`, '.');
  return `${base}.tar`;
}
