import { BerthError } from '@berth/base';
import { type Clock, DEFAULT_HTTP_LIMITS, type HttpStatusError, isHttpStatusError, parseRetryAfter } from '@berth/http';
import { type Repository } from '../repository.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 16_000;

/** Decides how long an upload is tried. Each method throws when that is enough. */
export class Patience {
  readonly #repository: Repository;
  readonly #signal: AbortSignal;
  #fruitless = 0;
  #furthestBytes = 0;
  #furthestAtMs: number;
  #lostSessions = 0;
  #muddles = 0;

  constructor(repository: Repository, signal: AbortSignal) {
    this.#repository = repository;
    this.#signal = signal;
    this.#furthestAtMs = repository.clock.now();
  }

  /** The registry has `acceptedBytes` now, more than before in this session. */
  progressed(acceptedBytes: number): void {
    this.#fruitless = 0;
    if (acceptedBytes <= this.#furthestBytes) return;
    this.#furthestBytes = acceptedBytes;
    this.#furthestAtMs = this.#repository.clock.now();
  }

  /** A request failed and can be made again: waits as long as the registry asks, else longer each time. */
  async failed(error: unknown): Promise<void> {
    const { clock, limits } = this.#repository;
    this.#fruitless += 1;
    const stalledMs = clock.now() - this.#furthestAtMs;
    if (this.#fruitless >= limits.fruitlessAttempts || stalledMs > limits.stalledMs) throw error;
    await clock.sleep(isHttpStatusError(error) ? this.#asked(error) : this.#growing(this.#fruitless - 1), this.#signal);
  }

  /** The session went down with its connection: it is started again as long as the whole makes sense. */
  lostWithConnection(error: unknown): void {
    this.#lostSessions += 1;
    if (this.#lostSessions > this.#repository.limits.lostSessions) throw error;
  }

  /** The registry lost the session, or contradicts itself: once is forgiven (hostile-inputs R16). */
  muddled(error: unknown): void {
    this.#muddles += 1;
    if (this.#muddles === 1) return;
    const what = `upload to ${this.#repository.endpoint.label}`;
    throw new BerthError('protocol', 'ERR_OCI_UPLOAD', `${what}: the registry lost it twice`, {
      hint: 'Push again; if it repeats, ask the administrator of the registry.',
      cause: error,
    });
  }

  #asked(error: HttpStatusError): number {
    const asked = parseRetryAfter(error.headers.get('retry-after'), this.#repository.clock.now());
    return asked === undefined ? this.#growing(this.#fruitless) : Math.min(asked, DEFAULT_HTTP_LIMITS.retryAfterMs);
  }

  /** At once the first time, then growing, half of it chance. */
  #growing(times: number): number {
    const clock: Clock = this.#repository.clock;
    const ceiling = times === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1));
    return ceiling / 2 + (clock.random() * ceiling) / 2;
  }
}
