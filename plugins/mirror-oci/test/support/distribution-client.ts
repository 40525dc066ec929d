import { type BerthEvent } from '@berth/base';
import { type Clock, createHttpClient, type HttpClient } from '@berth/http';
import { type RegistryCredentials } from '../../src/credentials/credentials.ts';
import { type DistributionOptions, openDistribution } from '../../src/distribution/distribution.ts';
import { type RegistryDouble } from './registry-double.ts';

/** Time that passes only when somebody sleeps. */
export class FakeClock implements Clock {
  readonly slept: number[] = [];
  #now = Date.parse('2026-11-23T00:00:00Z');

  now(): number {
    return this.#now;
  }

  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.slept.push(ms);
    this.advance(ms);
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  random(): number {
    return 0.5;
  }
}

export interface TestClient extends AsyncDisposable {
  readonly registry: ReturnType<typeof openDistribution>;
  readonly http: HttpClient;
  readonly clock: FakeClock;
  readonly events: BerthEvent[];
}

export interface TestClientOptions extends Partial<Omit<DistributionOptions, 'credentials' | 'clock'>> {
  readonly credentials?: RegistryCredentials | undefined;
  readonly caFile?: string;
}

export const REPOSITORY = 'demo/cache';

/** A client of the double's repository `demo/cache`, whose pauses take no time. */
export function openTestClient(double: RegistryDouble, options: TestClientOptions = {}): TestClient {
  const clock = new FakeClock();
  const events: BerthEvent[] = [];
  const emit = (event: BerthEvent): void => void events.push(event);
  const { credentials, caFile, ...rest } = options;
  const http = createHttpClient({
    env: {},
    verifyTls: true,
    userAgent: 'berth-test',
    certificateAuthorities: caFile,
    clock,
    emit,
  });
  const registry = openDistribution({
    domain: double.host,
    name: REPOSITORY,
    scheme: double.scheme,
    http,
    credentials: async () => (credentials === undefined ? undefined : { credentials, origin: 'the test' }),
    clock,
    emit,
    ...rest,
  });
  return { registry, http, clock, events, [Symbol.asyncDispose]: async () => http[Symbol.asyncDispose]() };
}
