import { isUtf8 } from 'node:buffer';
import type { MemberKind, TarMember } from './block.ts';
import type { TarHeader } from './header.ts';
import type { PaxRecords } from './pax.ts';

/** What extended headers said about the member that follows them. */
export interface Extensions {
  readonly pax?: PaxRecords;
  /** Bodies of GNU `L` and `K` members, their final NULs cut off. */
  readonly longName?: Buffer;
  readonly longLink?: Buffer;
}

const KINDS: Readonly<Record<string, MemberKind>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'directory',
};

/** Keys that would silently rewrite a member if they were set for all of them (hostile-inputs A24). */
const GOVERNING_KEYS = ['path', 'linkpath', 'size'];
const SPARSE_KEY = 'GNU.sparse.';
const MAX_MODE = 0o7777;

/** A reason to refuse the records of a global header; `undefined` when they change no member. */
export function refuseGlobal(records: PaxRecords): string | undefined {
  const bad = [...records.keys()].find((key) => GOVERNING_KEYS.includes(key) || key.startsWith(SPARSE_KEY));
  return bad === undefined ? undefined : `a global header sets ${bad} for every member`;
}

/** The member that a header and what preceded it describe; or a reason to refuse it (hostile-inputs A13, A17, A21, A29). */
export function resolveMember(header: TarHeader, extensions: Extensions): TarMember | string {
  const name = decode(effectiveName(header, extensions));
  const linkName = decode(extensions.pax?.get('linkpath') ?? extensions.longLink ?? header.linkName);
  if (name === undefined || linkName === undefined) return 'a name is not valid UTF-8 or has a NUL inside';
  const kind = kindOf(header.typeFlag, name);
  if (kind === undefined) return `is of type ${JSON.stringify(header.typeFlag)}, which packages do not have`;
  if (isSparse(extensions.pax)) return 'is a sparse file';
  const sizeBytes = sizeOf(header, extensions.pax);
  if (typeof sizeBytes === 'string') return sizeBytes;
  const member = { name, kind, mode: header.mode & MAX_MODE, sizeBytes, linkName };
  return refuseMember(member) ?? member;
}

function refuseMember({ kind, sizeBytes, linkName }: TarMember): string | undefined {
  if (kind === 'file') return undefined;
  if (sizeBytes > 0) return 'carries data although it is not a file';
  return kind !== 'directory' && linkName === '' ? 'is a link to nowhere' : undefined;
}

/** The bytes of the name that counts, however it was given (hostile-inputs A22). */
export function effectiveName(header: TarHeader, extensions: Extensions): Buffer {
  return extensions.pax?.get('path') ?? extensions.longName ?? header.name;
}

function decode(bytes: Buffer): string | undefined {
  return isUtf8(bytes) && !bytes.includes(0) ? bytes.toString() : undefined;
}

/** Tar before POSIX had no type for directories but a slash at the end. */
function kindOf(typeFlag: string, name: string): MemberKind | undefined {
  if (typeFlag === '\0' && name.endsWith('/')) return 'directory';
  return Object.hasOwn(KINDS, typeFlag) ? KINDS[typeFlag] : undefined;
}

function isSparse(pax: PaxRecords | undefined): boolean {
  return pax !== undefined && [...pax.keys()].some((key) => key.startsWith(SPARSE_KEY));
}

function sizeOf(header: TarHeader, pax: PaxRecords | undefined): number | string {
  const record = pax?.get('size');
  if (record === undefined) return header.sizeBytes;
  const text = record.toString('latin1');
  const size = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(size)) return 'has a malformed size';
  if (header.sizeBytes !== 0 && header.sizeBytes !== size) return 'has two different sizes';
  return size;
}
