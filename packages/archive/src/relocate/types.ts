import { type BuildInfo } from '../build-info/build-info.ts';
import { type BytePatch, type ByteRange } from './c-string.ts';
import { type ElfEdit } from './elf/edit.ts';
import { type MachOEdit } from './mach-o.ts';
import { type PrefixMap } from './prefix-map.ts';

/** A member of the unpacked archive, as far as relocation looks at it. */
export interface RelocationMember {
  /** Below the prefix, without a leading slash. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  readonly sizeBytes: number;
  readonly linkTarget?: string | undefined;
  /** Path of the earlier member that this one is a hard link of. */
  readonly hardLinkOf?: string | undefined;
}

export type RelocationPlatform = 'linux' | 'darwin';

export interface RelocationRequest {
  /** Where the unpacked tree lies now. */
  readonly directory: string;
  /** Where it will lie. */
  readonly finalPrefix: string;
  readonly members: ReadonlyMap<string, RelocationMember>;
  readonly buildInfo: BuildInfo;
  readonly prefixMap: PrefixMap;
  readonly platform: RelocationPlatform;
  /** Names the package in messages: `greet@1.0/7y7a35n`. */
  readonly what: string;
  readonly signal: AbortSignal;
}

/** Something that could not be relocated and does not stop the install. */
export interface RelocationWarning {
  readonly file: string;
  readonly message: string;
}

export interface BinaryEdit {
  readonly kind: 'binary';
  readonly path: string;
  /** Strings to overwrite; `rescan` when there are too many to keep: they are found again when they are written. */
  readonly strings: readonly BytePatch[] | 'rescan';
  readonly masks: readonly ByteRange[];
  readonly elf?: ElfEdit | undefined;
  readonly machO?: MachOEdit | undefined;
}

export interface TextEdit {
  readonly kind: 'text';
  readonly path: string;
}

export interface LinkEdit {
  readonly path: string;
  readonly target: Buffer;
}

/** Everything that relocation will change; nothing has been touched yet. */
export interface RelocationPlan {
  readonly what: string;
  readonly directory: string;
  readonly prefixMap: PrefixMap;
  readonly platform: RelocationPlatform;
  /** At most one edit for each inode. */
  readonly files: readonly (BinaryEdit | TextEdit)[];
  readonly links: readonly LinkEdit[];
  readonly warnings: readonly RelocationWarning[];
}
