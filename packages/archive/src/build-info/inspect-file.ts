import { type PrefixFinder } from '../relocate/prefix-finder.ts';
import { TextScanner } from '../relocate/text.ts';
import { FileClassifier } from './classify.ts';

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Tells from the bytes of a file, in pieces of any size, whether it has to be relocated (buildcache-formats §4.2). Memory does
 * not grow with the file.
 */
export class FileInspector {
  readonly #classifier = new FileClassifier();
  readonly #scanner: TextScanner;
  /** End of the last piece, in which a prefix may have begun. */
  #undecided = NOTHING;
  #found = false;
  #settled = false;

  constructor(finder: PrefixFinder) {
    this.#scanner = new TextScanner(finder);
  }

  /** Takes the next bytes, which are only lent. */
  push(bytes: Buffer, final: boolean): void {
    if (this.#settled) return;
    this.#settled = !this.#classifier.push(bytes);
    if (!this.#settled && !this.#found) this.#scan(bytes, final);
  }

  /** Of everything pushed; `undefined` when the file can stay as it is wherever the package goes. */
  get kind(): 'binary' | 'text' | undefined {
    const { kind } = this.#classifier;
    if (kind === 'binary') return 'binary';
    return kind === 'text' && this.#found ? 'text' : undefined;
  }

  #scan(bytes: Buffer, final: boolean): void {
    const window = this.#undecided.length === 0 ? bytes : Buffer.concat([this.#undecided, bytes]);
    const decided = this.#scanner.scan(window, final, () => {
      this.#found = true;
      return false;
    });
    this.#undecided = this.#found ? NOTHING : Buffer.from(window.subarray(decided));
  }
}
