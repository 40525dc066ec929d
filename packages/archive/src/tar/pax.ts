import { isUtf8 } from 'node:buffer';

/** Keyword and value of the records of one extended header, in order. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const LENGTH = /^[1-9][0-9]{0,9}$/;

/**
 * Strict: every record must be `LENGTH key=value\n` with its exact length and a key of its own, with nothing in between
 * and after (hostile-inputs A25). Returns a sentence saying what is wrong instead.
 */
export function parsePaxRecords(body: Buffer): PaxRecords | string {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < body.length;) {
    const record = parseRecord(body, at);
    if (typeof record === 'string') return record;
    if (records.has(record.key)) return 'an extended header names one key twice';
    records.set(record.key, record.value);
    at = record.end;
  }
  return records;
}

function parseRecord(body: Buffer, start: number): { key: string; value: Buffer; end: number } | string {
  const space = body.indexOf(SPACE, start);
  const length = space < 0 ? '' : body.toString('latin1', start, space);
  if (!LENGTH.test(length)) return 'an extended header holds a record without a valid length';
  const end = start + Number(length);
  if (end > body.length || end <= space + 1 || body[end - 1] !== NEWLINE) {
    return 'an extended header holds a record of the wrong length';
  }
  const equals = body.indexOf(EQUALS, space);
  if (equals < 0 || equals > end - 2 || equals === space + 1) return 'an extended header holds a record without a key';
  const key = body.subarray(space + 1, equals);
  if (!isUtf8(key) || key.includes(0)) return 'an extended header holds a malformed key';
  return { key: key.toString(), value: body.subarray(equals + 1, end - 1), end };
}

/** The body of an extended header: `LENGTH key=value\n`, where LENGTH counts the whole record (buildcache-formats §3.2). */
export function formatPaxRecords(records: Iterable<readonly [key: string, value: string]>): Buffer {
  return Buffer.concat(Array.from(records, ([key, value]) => formatRecord(Buffer.from(` ${key}=${value}\n`))));
}

function formatRecord(rest: Buffer): Buffer {
  let length = rest.length + String(rest.length).length;
  if (rest.length + String(length).length > length) length += 1;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
