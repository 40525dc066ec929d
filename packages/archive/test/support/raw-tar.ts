import { gzipSync } from 'node:zlib';

/** Fields of one header block, each of which may be wrong on purpose. Numbers are written in octal, bytes as they are. */
export interface RawHeader {
  readonly name: string | Buffer;
  readonly type?: string;
  readonly mode?: number | Buffer;
  readonly uid?: number | Buffer;
  readonly mtime?: number | Buffer;
  readonly size?: number | Buffer;
  readonly link?: string | Buffer;
  readonly magic?: string;
  readonly prefix?: string;
  readonly uname?: string;
  readonly checksum?: number;
}

/** A header block, written without the code under test. */
export function header(fields: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(fields.name).copy(block, 0, 0, 100);
  number(fields.mode ?? 0o644, 8).copy(block, 100);
  number(fields.uid ?? 0, 8).copy(block, 108);
  number(0, 8).copy(block, 116);
  number(fields.size ?? 0, 12).copy(block, 124);
  number(fields.mtime ?? 0, 12).copy(block, 136);
  block.write(fields.type ?? '0', 156, 'latin1');
  Buffer.from(fields.link ?? '').copy(block, 157, 0, 100);
  block.write(fields.magic ?? 'ustar\u000000', 257, 'latin1');
  block.write(fields.uname ?? '', 265, 'latin1');
  block.write(fields.prefix ?? '', 345, 'latin1');
  const sum = fields.checksum ?? withChecksum(block);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** The right checksum of a block, whatever its checksum field holds now. */
export function withChecksum(block: Buffer): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

function number(value: number | Buffer, length: number): Buffer {
  return typeof value === 'number' ? Buffer.from(`${value.toString(8).padStart(length - 1, '0')}\0`) : value;
}

/** A GNU base-256 field. */
export function base256(value: bigint, length: number): Buffer {
  const field = Buffer.alloc(length, value < 0n ? 0xff : 0);
  for (let at = length - 1, rest = value; at >= 0 && rest !== 0n && rest !== -1n; at -= 1, rest >>= 8n) {
    field[at] = Number(BigInt.asUintN(8, rest));
  }
  field[0] = (field[0] ?? 0) | 0x80;
  return field;
}

/** Data padded to whole blocks. */
export function padded(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

export function file(name: string | Buffer, data: string | Buffer = '', fields: Partial<RawHeader> = {}): Buffer {
  return Buffer.concat([header({ name, size: Buffer.from(data).length, ...fields }), padded(data)]);
}

export function directory(name: string, fields: Partial<RawHeader> = {}): Buffer {
  return header({ name: `${name}/`, type: '5', mode: 0o755, ...fields });
}

export function symlink(name: string, target: string): Buffer {
  return header({ name, type: '2', link: target });
}

export function hardlink(name: string, target: string, fields: Partial<RawHeader> = {}): Buffer {
  return header({ name, type: '1', link: target, ...fields });
}

export function record(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
  let length = rest.length + 1;
  while (rest.length + String(length).length !== length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** A pax header (`x`, or `g` for all members) with a body of any kind. */
export function pax(body: string | Buffer, type = 'x'): Buffer {
  return file('././@PaxHeader', body, { type, mode: 0 });
}

/** A GNU long name (`L`) or long link (`K`). */
export function gnuLong(type: 'L' | 'K', text: string): Buffer {
  return file('././@LongLink', `${text}\0`, { type, magic: 'ustar  \0' });
}

export const END: Buffer = Buffer.alloc(1024);

/** The prefix of the packages that `packageOf` makes. */
export const P = 'opt/store/pkg-1.0';
export const BUILD_INFO = 'buildpath: /opt/store\n';

/** Everything a package needs, uncompressed, with the given blocks before its last member. */
export function tarOf(...members: Buffer[]): Buffer {
  return Buffer.concat([
    directory('opt'),
    directory('opt/store'),
    directory(P),
    directory(`${P}/.spack`),
    file(`${P}/.spack/spec.json`, '{"spec":{}}'),
    ...members,
    file(`${P}/.spack/binary_distribution`, BUILD_INFO),
    END,
  ]);
}

export function packageOf(...members: Buffer[]): Buffer {
  return gzipSync(tarOf(...members));
}
