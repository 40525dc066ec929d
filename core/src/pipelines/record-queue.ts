import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { type Store } from '@berth/store';

interface Waiting {
  readonly spec: ConcreteSpec;
  readonly explicit: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Records installed packages: what arrives while a transaction runs goes into the next one together, so that a hundred
 * packages do not write the database a hundred times.
 */
export class RecordQueue {
  readonly #store: Store;
  readonly #signal: AbortSignal;
  #waiting: Waiting[] = [];
  #running = false;

  constructor(store: Store, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  /** Resolves once the record is written; rejects with the error of the transaction. */
  add(spec: ConcreteSpec, options: { readonly explicit: boolean }): Promise<DagHash> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        resolve(spec.hash);
      };
      this.#waiting.push({ spec, explicit: options.explicit, resolve: done, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#write(batch);
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = false;
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const change = async (
      transaction: Parameters<Parameters<Store['database']['transaction']>[0]>[0],
    ): Promise<void> => {
      for (const { spec, explicit } of batch) await transaction.add(spec, { explicit });
    };
    await this.#store.database.transaction(change, { signal: this.#signal });
  }
}
