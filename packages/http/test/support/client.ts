import { type BerthEvent } from '@berth/base';
import { type Clock, createHttpClient, type HttpClient, type HttpClientOptions } from '../../src/index.ts';

/** Time that passes only when somebody sleeps. */
export interface FakeClock extends Clock {
  readonly slept: number[];
  advance(ms: number): void;
}

export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let now = startMs;
  const slept: number[] = [];
  return {
    slept,
    advance: (ms) => {
      now += ms;
    },
    now: () => now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
    random: () => 0.5,
  };
}

export interface TestClient extends AsyncDisposable {
  readonly http: HttpClient;
  readonly events: BerthEvent[];
  readonly clock: FakeClock;
  readonly signal: AbortSignal;
  /** Messages of the debug events. */
  readonly log: () => readonly string[];
}

/** A client without an environment, on a fake clock, that remembers its events. */
export function testClient(options: Partial<HttpClientOptions> = {}): TestClient {
  const events: BerthEvent[] = [];
  const clock = fakeClock();
  const http = createHttpClient({
    env: {},
    verifyTls: true,
    emit: (event) => events.push(event),
    userAgent: 'berth-test/1',
    clock,
    ...options,
  });
  return {
    http,
    events,
    clock,
    signal: new AbortController().signal,
    log: () => events.flatMap((event) => (event.type === 'debug' ? [event.message] : [])),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

/** What `work` rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error,
  );
}

export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('latin1');
}
