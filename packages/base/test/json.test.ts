import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatJson, fromJson, isBerthError, JsonNumber, parseStrictJson, toJson } from '@berth/base';

const what = 'document';

function failure(text: string | Uint8Array): { code: string; kind: string; message: string } {
  try {
    parseStrictJson(text, { what });
  } catch (error) {
    if (isBerthError(error)) return { code: error.code, kind: error.kind, message: error.message };
    throw error;
  }
  throw new Error(`accepted: ${String(text)}`);
}

describe('parsing', () => {
  test('keeps the order of integer-like keys and the text of numbers', () => {
    const text = '{"10":1.0,"2":1e-07,"a":[{"1":12345678901234567890}]}';
    expect(formatJson(parseStrictJson(text, { what }))).toBe(text);
  });

  test('any JSON survives a round trip', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'medium' }), (text) => {
        fc.pre(text.isWellFormed() && !/\\ud[89a-f]|\\u0000/i.test(text));
        expect(fromJson(parseStrictJson(formatJson(parseStrictJson(text, { what })), { what }))).toEqual(
          fromJson(parseStrictJson(text, { what })),
        );
        expect(JSON.stringify(fromJson(parseStrictJson(text, { what })))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test.each([
    ['J01 a duplicate key at the top', '{"a":1,"a":2}'],
    ['J01 a duplicate key below', '[{"x":{"a":1,"b":2,"a":3}}]'],
    ['J04 NaN', '{"a":NaN}'],
    ['J04 a comment', '{"a":1 /* one */}'],
    ['J04 a trailing comma', '[1,]'],
    ['J04 single quotes', "{'a':1}"],
    ['J06 a byte-order mark', '\ufeff{}'],
    ['J06 a lone surrogate escape', '"\\ud800"'],
    ['J06 NUL in a string', '"\\u0000"'],
    ['J06 a raw control character', '"a\u0001"'],
    ['J07 an empty body', ''],
    ['J07 an HTML page', '<html></html>'],
    ['J08 text after the document', '{} {}'],
    ['a leading zero', '[01]'],
    ['a truncated document', '{"a":[1,2'],
  ])('refuses %s, saying where', (_name, text) => {
    expect(failure(text)).toMatchObject({ code: 'ERR_JSON', kind: 'format' });
    expect(failure(text).message).toMatch(/^document: line \d+, column \d+: /);
  });

  test('J06 refuses bytes that are not UTF-8', () => {
    expect(failure(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject({ code: 'ERR_JSON' });
    expect(failure(Buffer.from('\ufeff{}', 'utf16le'))).toMatchObject({ code: 'ERR_JSON' });
  });

  test('J05 a million brackets are a limit, not a stack overflow', () => {
    expect(failure('['.repeat(1_000_000))).toMatchObject({ code: 'ERR_LIMIT', kind: 'limit' });
  });

  test('J02 keys of object prototypes are plain data', () => {
    const value = fromJson(parseStrictJson('{"__proto__":{"polluted":1},"constructor":2}', { what }));
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect((value as { polluted?: unknown }).polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('accepts text after the first value only where asked', () => {
    expect(fromJson(parseStrictJson('{"a":1} trailing', { what, allowTrailingText: true }))).toEqual({ a: 1 });
  });
});

describe('writing', () => {
  test('escapes everything but printable ASCII, in lower case', () => {
    expect(formatJson('é\u007f/😀\u2028"\\\n')).toBe('"\\u00e9\\u007f/\\ud83d\\ude00\\u2028\\"\\\\\\n"');
  });

  test('has the three forms of Spack', () => {
    const value = toJson({ a: [1, { b: true }], c: {}, d: [] });
    expect(formatJson(value)).toBe('{"a":[1,{"b":true}],"c":{},"d":[]}');
    expect(formatJson(value, 'default')).toBe('{"a": [1, {"b": true}], "c": {}, "d": []}');
    expect(formatJson(value, 'newline')).toBe('{\n"a":[\n1,\n{\n"b":true\n}\n],\n"c":{},\n"d":[]\n}');
  });

  test('writes numbers as they were read', () => {
    expect(formatJson(new JsonNumber('2.0'))).toBe('2.0');
  });
});
