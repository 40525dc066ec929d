import { BerthError } from '@berth/base';
import { onAbort } from '../on-abort.ts';

/** The right to use one connection. */
export interface Slot {
  /** The host answered as it should. */
  succeeded(): void;
  /** The host is overloaded: from now on fewer at a time. */
  overloaded(): void;
  release(): void;
}

interface Waiter {
  readonly admit: () => void;
}

/**
 * At most `most` requests at a time, fewer while the host refuses connections: each refusal of a round halves the number,
 * a round of successes adds one (hostile-inputs T07).
 */
export class Slots {
  readonly #host: string;
  readonly #most: number;
  readonly #mostWaiting: number;
  readonly #waiting = new Set<Waiter>();
  #allowed: number;
  #running = 0;
  #round = 0;
  #successes = 0;

  constructor(options: { readonly host: string; readonly most: number; readonly mostWaiting: number }) {
    this.#host = options.host;
    this.#most = options.most;
    this.#mostWaiting = options.mostWaiting;
    this.#allowed = options.most;
  }

  /** How many may run at a time now. */
  get allowed(): number {
    return this.#allowed;
  }

  /** Waits for its turn, in order of arrival. Rejects with `limit` ERR_HTTP_QUEUE when too many wait already. */
  async acquire(signal: AbortSignal): Promise<Slot> {
    signal.throwIfAborted();
    if (this.#running < this.#allowed) this.#running += 1;
    else await this.#turn(signal);
    return this.#slot();
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#mostWaiting) throw tooMany(this.#host, this.#mostWaiting);
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        admit: () => {
          forget();
          resolve();
        },
      };
      const forget = onAbort(signal, () => {
        this.#waiting.delete(waiter);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason passes through
        reject(signal.reason);
      });
      this.#waiting.add(waiter);
    });
  }

  #slot(): Slot {
    const round = this.#round;
    let held = true;
    return {
      succeeded: () => {
        this.#grow();
      },
      overloaded: () => {
        if (round === this.#round) this.#shrink();
      },
      release: () => {
        if (held) this.#release();
        held = false;
      },
    };
  }

  #grow(): void {
    this.#successes += 1;
    if (this.#successes < this.#allowed || this.#allowed >= this.#most) return;
    this.#successes = 0;
    this.#allowed += 1;
    this.#admit();
  }

  #shrink(): void {
    this.#allowed = Math.max(1, Math.floor(this.#allowed / 2));
    this.#successes = 0;
    // What started before this moment tells nothing about the new number.
    this.#round += 1;
  }

  #release(): void {
    this.#running -= 1;
    this.#admit();
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#running >= this.#allowed) return;
      this.#waiting.delete(waiter);
      this.#running += 1;
      waiter.admit();
    }
  }
}

function tooMany(host: string, waiting: number): BerthError {
  return new BerthError('limit', 'ERR_HTTP_QUEUE', `requests to ${host}: more than ${waiting} are waiting`, {
    hint: 'Lower the number of parallel jobs.',
    details: { host, waiting },
  });
}
