import { errnoCode, ioError, type Limits } from '@berth/base';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { limitError, memberError, shown } from '../failures.ts';
import { memberPath, parentPath } from '../member-path.ts';
import type { TarMember } from '../tar/block.ts';
import type { TarSink } from '../tar/reader.ts';
import type { ListedMember } from './common-prefix.ts';

/** A member as it was put on disk. */
export interface StagedMember extends ListedMember {
  readonly mode: number;
  readonly sizeBytes: number;
  readonly linkTarget?: string;
  /** Path of the member that this one is another name of. */
  readonly hardLinkOf?: string;
}

export interface StagedTreeOptions {
  /** Names the archive in messages. */
  readonly what: string;
  readonly limits: Limits;
  /** An empty directory that nobody else can write to. Archive paths are put below it in full. */
  readonly root: string;
  /** An empty directory for the members that must not appear under their own names. */
  readonly aside: string;
  /** True for archive paths that go to `aside`. */
  readonly isHeldBack: (path: string) => boolean;
}

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const EXECUTABLE = 0o755;
const PLAIN = 0o644;
const OWNER_EXECUTE = 0o100;

/**
 * Puts members on disk as they arrive, synchronously: for the many small files of a package that costs less than a promise
 * each. No link is ever followed: a member is created, exclusively, only in a directory that this object created itself, and
 * nothing that it created is replaced (hostile-inputs A05–A16).
 */
export class StagedTree implements TarSink {
  readonly #options: StagedTreeOptions;
  readonly #members = new Map<string, StagedMember>();
  readonly #heldBack = new Map<string, string>();
  readonly #honoursMode: boolean;
  #file: { readonly descriptor: number; readonly path: string } | undefined;

  constructor(options: StagedTreeOptions) {
    this.#options = options;
    mkdirSync(options.root, EXECUTABLE);
    mkdirSync(options.aside, EXECUTABLE);
    // The process's umask may clear bits that members must have; one look tells.
    this.#honoursMode = (lstatSync(options.root).mode & 0o777) === EXECUTABLE;
  }

  /** By archive path. */
  get members(): ReadonlyMap<string, StagedMember> {
    return this.#members;
  }

  /** Where each member lies that was held back, by archive path. */
  get heldBack(): ReadonlyMap<string, string> {
    return this.#heldBack;
  }

  begin(member: TarMember): void {
    const path = memberPath(member.name, { ...this.#options, platform: process.platform });
    if (member.kind === 'directory') {
      this.#addDirectory(path, member.name);
      return;
    }
    if (path === '' || member.name.endsWith('/')) this.#refuse(member.name, 'it is named like a directory');
    const known = this.#members.get(path);
    if (known !== undefined) this.#refuse(path, `an earlier ${known.kind} has the same name`);
    this.#requireDirectory(parentPath(path), path);
    if (member.kind === 'file') this.#addFile(path, member);
    else if (member.kind === 'symlink') this.#addSymlink(path, member);
    else this.#addHardLink(path, member);
  }

  data(chunk: Buffer, start: number, end: number): void {
    const file = this.#file;
    if (file === undefined) return;
    for (let at = start; at < end;) {
      at += this.#create(file.path, () => writeSync(file.descriptor, chunk, at, end - at));
    }
  }

  /** Closes what a failure left open. */
  finish(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined) closeSync(file.descriptor);
  }

  #addDirectory(path: string, name: string): void {
    if (path === '') return;
    const known = this.#members.get(path);
    if (known !== undefined && known.kind !== 'directory')
      this.#refuse(name, `an earlier ${known.kind} has the same name`);
    if (known === undefined) {
      this.#requireDirectory(parentPath(path), path);
      this.#makeDirectory(path);
    }
    this.#record(path, { kind: 'directory', explicit: true, mode: EXECUTABLE, sizeBytes: 0 });
  }

  /** Each component must be a directory made here; the ones that have no entry of their own are made now. */
  #requireDirectory(directory: string, path: string): void {
    if (directory === '' || this.#members.get(directory)?.kind === 'directory') return;
    for (let slash = directory.indexOf('/'); ; slash = directory.indexOf('/', slash + 1)) {
      const ancestor = slash < 0 ? directory : directory.slice(0, slash);
      const known = this.#members.get(ancestor);
      if (known === undefined) {
        this.#makeDirectory(ancestor);
        this.#record(ancestor, { kind: 'directory', explicit: false, mode: EXECUTABLE, sizeBytes: 0 });
      } else if (known.kind !== 'directory') {
        this.#refuse(path, `it lies below ${shown(ancestor)}, which is a ${known.kind}`);
      }
      if (slash < 0) return;
    }
  }

  #makeDirectory(path: string): void {
    const place = this.#placeOf(path);
    this.#create(path, () => {
      mkdirSync(place, EXECUTABLE);
      if (!this.#honoursMode) chmodSync(place, EXECUTABLE);
    });
  }

  #addFile(path: string, member: TarMember): void {
    const mode = (member.mode & OWNER_EXECUTE) === 0 ? PLAIN : EXECUTABLE;
    let place = this.#placeOf(path);
    if (this.#options.isHeldBack(path)) {
      place = join(this.#options.aside, String(this.#heldBack.size));
      this.#heldBack.set(path, place);
    }
    const descriptor = this.#create(path, () => openSync(place, CREATE, mode));
    this.#file = { descriptor, path };
    if (!this.#honoursMode)
      this.#create(path, () => {
        fchmodSync(descriptor, mode);
      });
    this.#record(path, { kind: 'file', explicit: true, mode, sizeBytes: member.sizeBytes });
  }

  #addSymlink(path: string, member: TarMember): void {
    const { limits, what } = this.#options;
    if (Buffer.byteLength(member.linkName) >= limits.tarPathBytes) {
      throw limitError(what, 'tarPathBytes', limits.tarPathBytes);
    }
    const place = this.#placeOf(path);
    this.#create(path, () => {
      symlinkSync(member.linkName, place);
    });
    this.#record(path, {
      kind: 'symlink',
      explicit: true,
      mode: EXECUTABLE,
      sizeBytes: 0,
      linkTarget: member.linkName,
    });
  }

  /** Only an earlier regular file of this archive can get another name (hostile-inputs A08–A12). */
  #addHardLink(path: string, member: TarMember): void {
    const what = `${this.#options.what}: hard link ${shown(path)}`;
    const target = memberPath(member.linkName, { ...this.#options, what, platform: process.platform });
    const file = this.#members.get(target);
    if (file?.kind !== 'file' || !file.explicit) {
      this.#refuse(path, `it is a hard link to ${shown(member.linkName)}, which is no earlier file of this archive`);
    }
    const place = this.#placeOf(path);
    this.#create(path, () => {
      linkSync(this.#heldBack.get(target) ?? this.#placeOf(target), place);
    });
    const { mode, sizeBytes } = file;
    this.#record(path, { kind: 'file', explicit: false, mode, sizeBytes, hardLinkOf: target });
  }

  #placeOf(path: string): string {
    return `${this.#options.root}/${path}`;
  }

  #record(path: string, member: StagedMember): void {
    this.#members.set(path, member);
    const { what, limits } = this.#options;
    if (this.#members.size > limits.tarEntries) throw limitError(what, 'tarEntries', limits.tarEntries);
  }

  #create<T>(path: string, create: () => T): T {
    const { what, limits } = this.#options;
    try {
      return create();
    } catch (error) {
      const errno = errnoCode(error);
      if (errno === 'EEXIST') {
        throw memberError(what, path, 'this file system takes its name for that of an earlier member', error);
      }
      if (errno === 'ENAMETOOLONG') throw limitError(what, 'tarPathBytes', limits.tarPathBytes);
      throw ioError(`${what}: cannot create ${shown(path)}`, error);
    }
  }

  #refuse(name: string, why: string): never {
    throw memberError(this.#options.what, name, why);
  }
}
