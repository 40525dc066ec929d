import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatImageReference, isOciUrl, parseImageReference, parseOciDigest, parseOciUrl } from '../src/reference.ts';
import { cleanTag } from '../src/tags.ts';

interface Vectors {
  readonly image_reference: readonly { input: string; ok?: Record<string, string | null>; error?: string }[];
  readonly mirror_url: readonly {
    input: string;
    is_oci: boolean;
    ok?: { scheme: string; domain: string; name: string; tag: string; tags: string };
  }[];
  readonly tag: readonly { input: string; tag: string }[];
  readonly digest: readonly { input: string; ok?: string }[];
}

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'vectors/oci-names.json'), 'utf8')) as Vectors;

test('all vectors are there', () => {
  const { image_reference: references, mirror_url: urls, tag, digest } = vectors;
  expect([references.length, urls.length, tag.length, digest.length]).toEqual([40, 9, 8, 5]);
});

test.each(vectors.image_reference)('reference $input', ({ input, ok }) => {
  if (ok === undefined) {
    expect(() => parseImageReference(input)).toThrow(expect.objectContaining({ code: 'ERR_OCI_REFERENCE' }));
    return;
  }
  const found = parseImageReference(input);
  const digest = found.digest === undefined ? null : `sha256:${found.digest}`;
  expect({ ...found, digest }).toEqual({
    domain: ok['domain'],
    name: ok['name'],
    tag: ok['tag'],
    digest: ok['digest'],
  });
  const tail = digest ?? found.tag;
  expect(`https://${found.domain}/v2/${found.name}/manifests/${tail}`).toBe(ok['manifest_url']);
  expect(parseImageReference(formatImageReference(found))).toMatchObject({ domain: found.domain, name: found.name });
});

test.each(vectors.mirror_url)('mirror address $input', ({ input, is_oci: isOci, ok }) => {
  expect(isOciUrl(input)).toBe(isOci);
  if (ok === undefined) {
    expect(() => parseOciUrl(input)).toThrow(expect.objectContaining({ kind: 'config' }));
    return;
  }
  const { scheme, domain, name, tag } = parseOciUrl(input);
  expect({ scheme, domain, name, tag }).toEqual({
    scheme: ok.scheme,
    domain: ok.domain,
    name: ok.name,
    tag: ok.tag,
  });
  expect(`${scheme}://${domain}/v2/${name}/tags/list`).toBe(ok.tags);
});

test.each(vectors.tag)('tag of $input', ({ input, tag }) => {
  expect(cleanTag(input)).toBe(tag);
});

describe('digests', () => {
  // J12: a digest is hexadecimal, in lower case, whatever else has 64 characters.
  test.each(vectors.digest)('$input', ({ input, ok }) => {
    const isHexadecimal = ok !== undefined && /^[0-9a-f]{64}$/.test(ok);
    if (isHexadecimal) expect(parseOciDigest(input, 'd')).toBe(ok);
    else expect(() => parseOciDigest(input, 'd')).toThrow(expect.objectContaining({ code: 'ERR_DIGEST_FORMAT' }));
  });
});

test('R30 a slash at the end of an address is ignored, and the host stays as written', () => {
  expect(parseOciUrl('oci://ghcr.io/org/cache/')).toEqual(parseOciUrl('oci://ghcr.io/org/cache'));
  expect(parseOciUrl('oci://Example.COM:5000/x').domain).toBe('Example.COM:5000');
  expect(parseOciUrl('oci+http://[::1]:5000/x').domain).toBe('[::1]:5000');
});

test('R25 a hostile reference is refused quickly and printed safely', () => {
  const long = `${'a-'.repeat(50_000)}/`;
  expect(() => parseImageReference(long)).toThrow(expect.objectContaining({ kind: 'config' }));
  expect(() => parseImageReference('x\u001b[31m/y')).toThrow(/\\\\x1b/);
  expect(() => parseOciUrl('oci://user:secret@host/x')).toThrow(/^(?!.*secret)/);
});
