import { isBerthError, parseStrictJson, isJsonObject } from '@berth/base';
import { type DagHash } from '@berth/spec';
import { describe, expect, test } from '@jest/globals';
import { formatDatabaseIndex, parseDatabaseIndex } from '../../src/database/index-text.ts';
import { recordState } from '../../src/database/record.ts';
import { countReferences } from '../../src/database/transaction.ts';
import { readFixture } from '../helpers.ts';

describe('a database written by Spack', () => {
  test.each([
    ['database-v8.json', 4],
    ['store-metadata/database-index.json', 7],
  ])('%s is read and written back byte for byte', async (name, count) => {
    const text = await readFixture(name);
    const index = parseDatabaseIndex(text, name);
    expect(index.version).toBe('8');
    expect(index.records.size).toBe(count);
    expect(formatDatabaseIndex(index.records.values())).toBe(text);
  });

  test('has the reference counts that follow from its edges', async () => {
    const { records } = parseDatabaseIndex(await readFixture('database-v8.json'), 'database');
    const counts = countReferences(records);
    for (const record of records.values()) expect(counts.get(record.hash) ?? 0).toBe(record.refCount);
  });

  test('tells installed, deprecated and missing records apart', async () => {
    const { records } = parseDatabaseIndex(await readFixture('database-v8.json'), 'database');
    const states = Array.from(records.values(), (record) => `${record.node.name} ${recordState(record)}`);
    expect(states).toEqual(['vectool missing', 'veclib installed', 'vecapp installed', 'veclib deprecated']);
  });

  test('gives the nodes that a strict parser gives', async () => {
    const text = await readFixture('store-metadata/database-index.json');
    const whole = parseStrictJson(text, { what: 'database' });
    const database = isJsonObject(whole) ? whole.get('database') : undefined;
    const installs = isJsonObject(database) ? database.get('installs') : undefined;
    for (const record of parseDatabaseIndex(text, 'database').records.values()) {
      const expected = isJsonObject(installs) ? installs.get(record.hash) : undefined;
      expect(record.node.json).toEqual(isJsonObject(expected) ? expected.get('spec') : undefined);
    }
  });
});

const HASH = 'a'.repeat(32) as DagHash;

function database(record: string): string {
  return `{"database":{"version":"8","installs":{"${HASH}":${record}}}}`;
}

describe('leniency', () => {
  test('what follows the document, blanks and unknown keys beside it are ignored', () => {
    const text = ` { "x": [1, "}"], "database" : {"installs":{ }, "more":{"a":"\\"}"}, "version":"8"} } trailing`;
    expect(parseDatabaseIndex(text, 'database').records.size).toBe(0);
  });

  test('keys that older versions left out have their defaults, and the path "None" is no path', () => {
    const record = parseDatabaseIndex(database('{"spec":{"name":"a"},"path":"None"}'), 'database').records.get(HASH);
    expect(record).toMatchObject({ path: undefined, installed: false, explicit: false, refCount: 0 });
  });

  test('a name with an escape and a name that does not come first are read', () => {
    const text = database('{"spec":{"version":"1","name":"\\u0061b"}}');
    expect(parseDatabaseIndex(text, 'database').records.get(HASH)?.node.name).toBe('ab');
  });
});

describe('K04: a damaged database is one clear error', () => {
  test.each([
    ['empty', ''],
    ['cut off', '{"database":{"version":"8","installs":{"'],
    ['no database', '{}'],
    ['no version', '{"database":{"installs":{}}}'],
    ['a list', '[]'],
    ['key that is no hash', '{"database":{"version":"8","installs":{"../x":{"spec":{}}}}}'],
    ['no spec', database('{"ref_count":0}')],
    ['unknown record key', database('{"spec":{},"berth":1}')],
    ['prototype key', database('{"spec":{},"__proto__":{}}')],
    ['wrong type', database('{"spec":{},"installed":"yes"}')],
    ['negative count', database('{"spec":{},"ref_count":-1}')],
    ['two records of one hash', database(`{"spec":{}},"${HASH}":{"spec":{}}`)],
    ['string that never ends', database('{"spec":{"a":"b\\"}}')],
    ['container that never ends', database('{"spec":{"a":[}')],
    ['bad escape', database('{"spec":{},"path":"\\q"}')],
  ])('%s', (_name, text) => {
    const failure = catchError(() => parseDatabaseIndex(text, 'database /x'));
    expect(isBerthError(failure, 'ERR_DATABASE_FORMAT')).toBe(true);
    expect(failure).toMatchObject({
      kind: 'index',
      hint: 'Rebuild the database from the installed packages: berth reindex.',
    });
  });

  test('a damaged node fails when it is looked at, and names its record', () => {
    const { records } = parseDatabaseIndex(database('{"spec":{"name":"x",,}}'), 'database /x');
    const failure = catchError(() => records.get(HASH)?.node.json);
    expect(isBerthError(failure, 'ERR_DATABASE_FORMAT')).toBe(true);
    expect((failure as Error).message).toContain(HASH);
  });
});

function catchError(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}
