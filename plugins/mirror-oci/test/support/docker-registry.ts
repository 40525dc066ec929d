import { describe } from '@jest/globals';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const START = resolve(import.meta.dirname, '../../../../scripts/start-registry');

export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly port: number;
  readonly caFile: string | undefined;
  log(): Promise<string>;
}

/** Tests that start one: without it they are skipped, which is said, or fail when REQUIRE_TOOLS=1. */
export function describeWithRegistry(): typeof describe {
  const missing = ['docker-registry', 'htpasswd', 'openssl'].filter((program) => !isInstalled(program));
  if (missing.length === 0) return describe;
  if (process.env['REQUIRE_TOOLS'] === '1') throw new Error(`not installed: ${missing.join(', ')}`);
  process.stderr.write(`skipped, not installed: ${missing.join(', ')}\n`);
  return describe.skip as typeof describe;
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Debian's docker-registry on a free loopback port, with storage of its own. */
export async function startDockerRegistry(...options: readonly string[]): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-registry-'));
  const { stdout } = await promisify(execFile)(START, [folder, ...options]);
  const printed = new Map(
    stdout
      .trim()
      .split(' ')
      .map((pair) => pair.split('=', 2) as [string, string]),
  );
  const host = printed.get('REGISTRY') ?? '';
  const pid = Number(printed.get('REGISTRY_PID'));
  return {
    host,
    port: Number(host.split(':')[1]),
    caFile: printed.get('REGISTRY_CA'),
    log: async () => readFile(join(folder, 'log'), 'utf8'),
    [Symbol.asyncDispose]: async () => {
      process.kill(pid);
      while (isRunning(pid)) await wait(20);
      await rm(folder, { recursive: true });
    },
  };
}

function isRunning(pid: number): boolean {
  try {
    // A process that has ended and that nobody waits for still takes signals.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('Z');
  } catch {
    return false;
  }
}
