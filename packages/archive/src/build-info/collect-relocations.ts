import { createPrefixFinder, type PrefixFinder } from '../relocate/prefix-finder.ts';
import { startsWithPrefix } from '../relocate/text.ts';
import { type RelocationMember } from '../relocate/types.ts';
import { FileInspector } from './inspect-file.ts';

/** The three lists of a build info. */
export interface Relocations {
  readonly relocateBinaries: readonly string[];
  readonly relocateLinks: readonly string[];
  readonly relocateTextFiles: readonly string[];
}

/**
 * Lists what has to be looked at when a package moves, from its entries and their bytes as they are packed; metadata and later
 * hard links are left out (buildcache-formats §4.2).
 */
export class RelocationCollector {
  readonly #prefixes: readonly string[];
  readonly #finder: PrefixFinder;
  readonly #paths: Record<'binary' | 'text' | 'link', string[]> = { binary: [], text: [], link: [] };

  /** `prefixes`: of the specs (buildcache-formats §4.1), then the sbang path and the install tree root. */
  constructor(prefixes: readonly string[]) {
    this.#prefixes = prefixes;
    this.#finder = createPrefixFinder(prefixes.map((prefix) => Buffer.from(prefix)));
  }

  /** What is to see the bytes of a file; `undefined` where they do not matter. */
  inspectorOf(entry: RelocationMember): FileInspector | undefined {
    return entry.kind === 'file' && isCandidate(entry) ? new FileInspector(this.#finder) : undefined;
  }

  /** Takes the next entry in archive order, with the inspector that has seen all of its bytes. */
  add(entry: RelocationMember, inspector: FileInspector | undefined): void {
    const kind = entry.kind === 'symlink' ? this.#linkKind(entry) : inspector?.kind;
    if (kind !== undefined) this.#paths[kind].push(entry.path);
  }

  get relocations(): Relocations {
    const { binary, text, link } = this.#paths;
    return { relocateBinaries: [...binary], relocateLinks: [...link], relocateTextFiles: [...text] };
  }

  #linkKind(entry: RelocationMember): 'link' | undefined {
    const { linkTarget = '' } = entry;
    const isRelocated = linkTarget.startsWith('/') && startsWithPrefix(Buffer.from(linkTarget), this.#prefixes);
    return isRelocated && isCandidate(entry) ? 'link' : undefined;
  }
}

function isCandidate({ path, hardLinkOf }: RelocationMember): boolean {
  return hardLinkOf === undefined && path !== '.spack' && !path.startsWith('.spack/');
}
