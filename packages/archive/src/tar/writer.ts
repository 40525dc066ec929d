import {
  BLOCK_BYTES,
  checksumOf,
  FIELDS,
  type MemberKind,
  paddingAfter,
  type TarMember,
  USTAR_MAGIC,
} from './block.ts';
import { formatNumberField } from './number.ts';
import { formatPaxRecords } from './pax.ts';

/** A finished archive is padded with zeros to a multiple of this (buildcache-formats §3.2). */
export const RECORD_BYTES = 10_240;

const MAX_USTAR_SIZE = 8 ** 11;
const TYPE_FLAGS: Readonly<Record<MemberKind, string>> = { file: '0', hardlink: '1', symlink: '2', directory: '5' };
const PAX_NAME = '././@PaxHeader';
const NAME_BYTES = FIELDS.name[1];

/**
 * Everything that precedes the data of a member, in whole blocks: a pax header where the plain one cannot hold the name,
 * the link or the size, then the plain header. Owner and time are always 0 (buildcache-formats §3.2).
 */
export function formatMember(member: TarMember): Buffer {
  const records: [string, string][] = [];
  if (!fits(member.name)) records.push(['path', member.name]);
  if (!fits(member.linkName)) records.push(['linkpath', member.linkName]);
  const isHuge = member.sizeBytes >= MAX_USTAR_SIZE;
  if (isHuge) records.push(['size', String(member.sizeBytes)]);
  const header = formatHeader({
    ...member,
    sizeBytes: isHuge ? 0 : member.sizeBytes,
    typeFlag: TYPE_FLAGS[member.kind],
  });
  return records.length === 0 ? header : Buffer.concat([formatPaxHeader(records), header]);
}

/** What ends an archive of `sizeBytes` bytes: two blocks of zeros, then zeros up to a whole record. */
export function formatEnd(sizeBytes: number): Buffer {
  const end = sizeBytes + 2 * BLOCK_BYTES;
  return Buffer.alloc(Math.ceil(end / RECORD_BYTES) * RECORD_BYTES - sizeBytes);
}

function formatPaxHeader(records: readonly [string, string][]): Buffer {
  const body = formatPaxRecords(records);
  const header = formatHeader({ name: PAX_NAME, typeFlag: 'x', mode: 0, sizeBytes: body.length, linkName: '' });
  return Buffer.concat([header, body, Buffer.alloc(paddingAfter(body.length))]);
}

interface PlainHeader {
  readonly name: string;
  readonly typeFlag: string;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly linkName: string;
}

function formatHeader(header: PlainHeader): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const put = (text: string, [start]: readonly [number, number]): void => {
    block.write(text, start, 'latin1');
  };
  put(plainName(header.name), FIELDS.name);
  for (const field of ['mode', 'uid', 'gid', 'sizeBytes', 'mtime'] as const) {
    const value = field === 'mode' || field === 'sizeBytes' ? header[field] : 0;
    put(formatNumberField(value, FIELDS[field][1]), FIELDS[field]);
  }
  put(header.typeFlag, FIELDS.typeFlag);
  put(plainName(header.linkName), FIELDS.linkName);
  put(USTAR_MAGIC, FIELDS.magic);
  put(`${formatNumberField(checksumOf(block), 7)} `, FIELDS.checksum);
  return block;
}

function isAscii(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- ASCII is exactly this range
  return /^[\x00-\x7f]*$/.test(text);
}

function fits(name: string): boolean {
  return name.length <= NAME_BYTES && isAscii(name);
}

/** The name as old readers see it: one `?` for each character that is not ASCII, cut to the field. */
function plainName(name: string): string {
  if (isAscii(name)) return name.slice(0, NAME_BYTES);
  return Array.from(name, (char) => (isAscii(char) ? char : '?'))
    .join('')
    .slice(0, NAME_BYTES);
}
