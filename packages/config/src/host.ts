import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, hostname, tmpdir, userInfo } from 'node:os';
import { detectHostTarget } from '@berth/spec';

/** What the machine contributes to configuration: names in paths, `when` expressions, defaults. */
export interface HostFacts {
  /** `linux`, `darwin`, `windows`, `freebsd`. */
  readonly platform: string;
  /** `debian12`. */
  readonly os: string;
  /** The microarchitecture: `zen3`. */
  readonly target: string;
  /** `x86_64`. */
  readonly targetFamily: string;
  readonly hostname: string;
  /** Login name of the user who runs. */
  readonly user: string;
  readonly tempDir: string;
  /** Processors this process may use. */
  readonly cpus: number;
  /** `getconf PATH_MAX /`. */
  readonly pathMax: number;
  /** The local date as `YYYY-MM-DD`. */
  readonly date: string;
}

/** The variables of a process. */
export type ProcessVariables = Readonly<Record<string, string | undefined>>;

const PLATFORMS: Readonly<Record<string, string>> = { win32: 'windows' };
const FAMILIES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', ia32: 'x86', ppc64: 'ppc64le' };
const PATH_MAX: Readonly<Record<string, number>> = { linux: 4096 };

/**
 * Facts of the machine this process runs on. The microarchitecture is what `/proc/cpuinfo` tells, else the family.
 * Never rejects: what cannot be found out is the word `unknown`.
 */
export async function hostFacts(options: { readonly target?: string } = {}): Promise<HostFacts> {
  const platform = PLATFORMS[process.platform] ?? process.platform;
  const family = (platform === 'darwin' && arch() === 'arm64' ? undefined : FAMILIES[arch()]) ?? arch();
  const targetFamily = family === 'arm64' ? 'aarch64' : family;
  return {
    platform,
    os: await operatingSystem(platform),
    target: options.target ?? (await microarchitecture(targetFamily)),
    targetFamily,
    hostname: hostname(),
    user: loginName(),
    tempDir: tmpdir(),
    cpus: availableParallelism(),
    pathMax: PATH_MAX[platform] ?? 1024,
    date: localDate(new Date()),
  };
}

async function microarchitecture(family: string): Promise<string> {
  try {
    return detectHostTarget(await readFile('/proc/cpuinfo', 'utf8'), family).name;
  } catch {
    // No such file outside Linux: code for the family runs everywhere.
    return family;
  }
}

/** `YYYY-MM-DD` in local time. */
export function localDate(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `linux-debian12-zen3`. */
export function architectureOf(host: HostFacts): string {
  return `${host.platform}-${host.os}-${host.target}`;
}

function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user has no entry in the password database, as in some containers.
    return String(process.geteuid?.() ?? 'unknown');
  }
}

async function operatingSystem(platform: string): Promise<string> {
  if (platform === 'linux') return linuxDistribution(await osRelease());
  return platform === 'darwin' ? 'macos' : platform;
}

async function osRelease(): Promise<string> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return '';
}

/** Distributions whose specs carry only the major version. */
const MAJOR_ONLY: ReadonlySet<string> = new Set([
  'centos',
  'rhel',
  'rocky',
  'almalinux',
  'fedora',
  'debian',
  'ol',
  'sles',
]);

/** `debian12`, `ubuntu22.04`, from the text of `/etc/os-release`. */
export function linuxDistribution(osReleaseText: string): string {
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(osReleaseText)?.[1] ?? '';
  const id = field('ID') || 'unknown';
  const version = field('VERSION_ID');
  const shown = MAJOR_ONLY.has(id) ? (version.split('.')[0] ?? '') : version;
  return `${id.replaceAll('-', '_')}${shown}`;
}
