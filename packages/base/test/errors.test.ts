import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import {
  BerthError,
  errnoCode,
  escapeControls,
  ioError,
  isAbortError,
  isAvailabilityFailure,
  isBerthError,
  isSecurityFailure,
  parseSha256,
  redactUrl,
} from '@berth/base';

test('a failure is either about the source or about its content, never both', () => {
  const kinds = ['signature', 'policy', 'digest', 'size', 'archive', 'format'] as const;
  for (const kind of kinds) {
    expect(isSecurityFailure(new BerthError(kind, 'ERR_X', 'x'))).toBe(true);
    expect(isAvailabilityFailure(new BerthError(kind, 'ERR_X', 'x'))).toBe(false);
  }
  expect(isAvailabilityFailure(new BerthError('notfound', 'ERR_X', 'x'))).toBe(true);
  expect(isSecurityFailure(new BerthError('relocate', 'ERR_X', 'x'))).toBe(false);
});

test('a system error becomes an io error that names its errno', async () => {
  const cause = await readFile('/nonexistent/file').catch((error: unknown) => error);
  expect(errnoCode(cause)).toBe('ENOENT');
  const error = ioError('reading the index', cause);
  expect(isBerthError(error, 'ERR_IO') && error.details['errno']).toBe('ENOENT');
  expect(ioError('again', error)).toBe(error);
});

test.each([
  ['https://user:secret@host/x?a=1', 'https://***@host/x?a=1'],
  ['s3://b/k?X-Amz-Signature=abc&n=2', 's3://b/k?X-Amz-Signature=***&n=2'],
  ['file:///plain/path', 'file:///plain/path'],
])('redacts %s', (url, want) => {
  expect(redactUrl(url)).toBe(want);
});

test('control and bidirectional characters are shown, not obeyed', () => {
  expect(escapeControls('a\u001b[31m\u202eb\u0007\n')).toBe('a\\x1b[31m\\u{202e}b\\x07\\n');
});

test.each(['', 'ABC', `sha256:${'0'.repeat(64)}`, '0'.repeat(63), 'A'.repeat(64)])(
  'J12 refuses the digest %j',
  (text) => {
    expect(() => parseSha256(text, 'checksum')).toThrow(/64 lower-case/);
  },
);

test('an abort is known by its shape, whoever made it', () => {
  const controller = new AbortController();
  controller.abort();
  expect(isAbortError(controller.signal.reason)).toBe(true);
  expect(isAbortError(Object.assign(new Error('x'), { code: 'ABORT_ERR' }))).toBe(true);
  expect(isAbortError(new Error('x'))).toBe(false);
  expect(isAbortError(undefined)).toBe(false);
});
