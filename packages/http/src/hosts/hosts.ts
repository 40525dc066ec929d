import { type Clock } from '../clock.ts';
import { Slots } from './slots.ts';

/** What is known about one host, shared by all requests to it. */
export interface HostState {
  /** Uploads wait for uploads only, so that copying within one host cannot wait for itself. */
  readonly downloads: Slots;
  readonly uploads: Slots;
  /** Nothing is sent before this, in milliseconds of the clock. */
  notBeforeMs: number;
}

/** The hosts one client has spoken to, by `host:port`. */
export class Hosts {
  readonly #states = new Map<string, HostState>();
  readonly #options: { readonly most: number; readonly mostWaiting: number; readonly clock: Clock };

  constructor(options: { readonly most: number; readonly mostWaiting: number; readonly clock: Clock }) {
    this.#options = options;
  }

  of(host: string): HostState {
    const known = this.#states.get(host);
    if (known !== undefined) return known;
    const state = {
      downloads: new Slots({ host, ...this.#options }),
      uploads: new Slots({ host, ...this.#options }),
      notBeforeMs: 0,
    };
    this.#states.set(host, state);
    return state;
  }

  /** Everybody leaves this host alone for `ms`. */
  backOff(host: string, ms: number): void {
    const state = this.of(host);
    state.notBeforeMs = Math.max(state.notBeforeMs, this.#options.clock.now() + ms);
  }
}
