import { describe, expect, test } from '@jest/globals';
import { extractClearsigned, isClearsigned } from '../src/index.ts';
import { loadMirror, readVectors } from './support/stores.ts';

interface Vector {
  readonly input: string;
  readonly ok?: unknown;
  readonly error?: string;
  readonly is_signed_manifest: boolean;
}

const extract = (text: string): string => extractClearsigned(Buffer.from(text), 'manifest');
const refused = expect.objectContaining({ kind: 'signature', code: 'ERR_CLEARSIGN' });
const block = (text: string): string =>
  `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}\n-----BEGIN PGP SIGNATURE-----\n\nxx\n-----END PGP SIGNATURE-----\n`;

test('clear-signed documents are told apart and read as in all six vectors; one with text before the block is refused', () => {
  const vectors = readVectors<Vector>('clearsign');
  expect(vectors).toHaveLength(6);
  let read = 0;
  for (const { input, ok, is_signed_manifest: signed } of vectors) {
    expect(isClearsigned(Buffer.from(input))).toBe(signed);
    if (ok !== undefined && signed) {
      expect(JSON.parse(extract(input))).toEqual(ok);
      read += 1;
    } else if (input !== '{"a": 1}') {
      expect(() => extract(input)).toThrow(refused);
    }
  }
  expect(read).toBe(3);
});

test('G07: line ends and dash escapes do not show in the text', () => {
  expect(extract(block('- -a\nb').replaceAll('\n', '\r\n'))).toBe('-a\nb');
});

test('the text of a manifest that Spack signed is its plain manifest', () => {
  const name = 'v3/manifests/spec/greet/greet-1.0-7y7a35nxci34gy7e3r7bdjnes5o2o7bm.spec.manifest.json';
  const signed = loadMirror('v3-signed').objects.get(name) ?? Buffer.alloc(0);
  expect(extractClearsigned(signed, name)).toBe(loadMirror('v3-unsigned').objects.get(name)?.toString());
});

describe('refused as signature failures', () => {
  test.each([
    ['G05: a line padded beyond 16 KiB', block(`{"a":1}${' '.repeat(20_000)}`)],
    ['G06: text before the block', `x\n${block('{}')}`],
    ['G06: text after the block', `${block('{}')}{}`],
    ['G06: two blocks', block('{}') + block('{}')],
    ['G06: a block inside the block', block(block('{}'))],
    ['G06: an unknown armor header', block('{}').replace('Hash: SHA512', 'Hash: SHA512\nComment: x')],
    ['G06: another armor inside the signature', block('{}').replace('xx', '-----BEGIN PGP MESSAGE-----')],
    ['no Hash line', block('{}').replace('Hash: SHA512\n', '')],
    ['no signature', block('{}').split('-----BEGIN PGP SIGNATURE')[0] ?? ''],
    ['nothing', ''],
  ])('%s', (_name, text) => {
    expect(() => extract(text)).toThrow(refused);
  });
});
