import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const START = resolve(import.meta.dirname, '../../scripts/start-registry');

/** One request that a registry answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** Path and query. */
  readonly uri: string;
  readonly status: number;
}

/** Debian's docker-registry, on a loopback port. */
export interface OciRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly port: number;
  /** Folder with nothing but the certificate to trust, `ca.crt`; absent without TLS. */
  readonly certificates: string | undefined;
  /** Everything that it answered since it started, from its log. */
  requests(): Promise<readonly AnsweredRequest[]>;
  /** What it answers while `work` runs, and what that returns. */
  during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly requests: readonly AnsweredRequest[] }>;
}

/** The name and password of a registry that asks for them. */
export const USER = 'me';
export const PASSWORD = 'not a secret: for tests';

/** A registry over https that asks for a password, with storage of its own. Stopped when disposed of. */
export async function startSecureRegistry(): Promise<OciRegistry> {
  return startRegistry('--tls', '--user', `${USER}:${PASSWORD}`);
}

/** A registry with these options of `scripts/start-registry`. */
export async function startRegistry(...options: readonly string[]): Promise<OciRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-registry-'));
  const { stdout } = await promisify(execFile)(START, [folder, ...options]);
  const printed = new Map(Array.from(stdout.matchAll(/(\w+)=(\S+)/g), ([, name = '', value = '']) => [name, value]));
  const host = printed.get('REGISTRY') ?? '';
  const pid = Number(printed.get('REGISTRY_PID'));
  const caFile = printed.get('REGISTRY_CA');
  const requests = async (): Promise<readonly AnsweredRequest[]> =>
    readRequests(await readFile(join(folder, 'log'), 'utf8'));
  return {
    host,
    port: Number(host.split(':')[1]),
    certificates: caFile === undefined ? undefined : await certificateFolder(folder, caFile),
    requests,
    during: async (work) => {
      const before = (await requests()).length;
      const result = await work();
      return { result, requests: (await requests()).slice(before) };
    },
    [Symbol.asyncDispose]: async () => {
      process.kill(pid);
      while (await isRunning(pid)) await sleep(20);
      await rm(folder, { recursive: true });
    },
  };
}

/** What berth and others need in their environment to use a secure registry. */
export function trusting({ certificates = '' }: OciRegistry): NodeJS.ProcessEnv {
  const file = join(certificates, 'ca.crt');
  return { NODE_EXTRA_CA_CERTS: file, SSL_CERT_FILE: file, REGISTRY_PASSWORD: PASSWORD };
}

/** The words after `berth mirror add` for the repository `name` of a secure registry. */
export function mirrorWords({ host }: OciRegistry, name: string): readonly string[] {
  return ['--oci-username', USER, '--oci-password-variable', 'REGISTRY_PASSWORD', 'reg', `oci://${host}/${name}`];
}

/** Requests that sent content: uploads of blobs and manifests. */
export function writesOf(requests: readonly AnsweredRequest[]): readonly string[] {
  return requests
    .filter(({ method }) => ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method))
    .map(({ method, uri, status }) => `${method} ${uri} ${status}`);
}

async function certificateFolder(folder: string, caFile: string): Promise<string> {
  const certificates = join(folder, 'certificates');
  await mkdir(certificates);
  await cp(caFile, join(certificates, 'ca.crt'));
  return certificates;
}

function readRequests(log: string): readonly AnsweredRequest[] {
  return log.split('\n').flatMap((line) => {
    const isRefused = line.includes('msg="error authorizing context');
    if (!isRefused && !line.includes('msg="response completed')) return [];
    const status = isRefused ? 401 : Number(fieldOf(line, 'response.status'));
    return [{ method: fieldOf(line, 'request.method'), uri: fieldOf(line, 'request.uri'), status }];
  });
}

function fieldOf(line: string, name: string): string {
  const [, quoted, plain] = new RegExp(` http\\.${name}=(?:"([^"]*)"|(\\S*))`).exec(line) ?? [];
  return quoted ?? plain ?? '';
}

async function isRunning(pid: number): Promise<boolean> {
  // A process that has ended and that nobody waits for still takes signals.
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => 'x) Z');
  return !/\) [ZX]/.test(status);
}
