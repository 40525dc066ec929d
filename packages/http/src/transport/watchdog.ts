import { onAbort } from '../on-abort.ts';

/** Aborts what runs when it makes no progress; follows the caller's signal too. */
export class Watchdog {
  readonly #controller = new AbortController();
  readonly #forget: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isCalm = false;

  constructor(outer: AbortSignal) {
    this.#forget = onAbort(outer, () => {
      this.#controller.abort(outer.reason);
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts with `reason()` unless it is called again within `ms`; 0 waits for ever. Once calm, it does nothing. */
  expectWithin(ms: number, reason: () => unknown): void {
    clearTimeout(this.#timer);
    this.#timer =
      ms === 0 || this.#isCalm
        ? undefined
        : setTimeout(() => {
            this.#controller.abort(reason());
          }, ms);
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** No more time limits, also for a source that ends after the answer has come; the caller's signal still counts. */
  calm(): void {
    this.#isCalm = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Lets go of the caller's signal, which may live as long as the program. */
  release(): void {
    this.calm();
    this.#forget();
  }
}
