import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openTestClient, REPOSITORY, type TestClient } from '../support/distribution-client.ts';
import { type Misbehaviour, type RegistryDouble, startRegistryDouble } from '../support/registry-double.ts';

const signal = new AbortController().signal;
const PATH = `/v2/${REPOSITORY}/tags/list`;

let double: RegistryDouble;
let client: TestClient;

async function start(tagPageSize?: number): Promise<void> {
  double = await startRegistryDouble(tagPageSize === undefined ? {} : { tagPageSize });
  client = openTestClient(double, { limits: { tagPages: 50, tagPageBytes: 100_000 } });
}
beforeEach(async () => start());
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
});

async function list(): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of client.registry.listTags({ signal })) tags.push(tag);
  return tags;
}

const page =
  (tags: unknown, link?: string): Misbehaviour =>
  (_request, response) => {
    const headers = { 'Content-Type': 'application/json', ...(link === undefined ? {} : { Link: link }) };
    response.writeHead(200, headers).end(JSON.stringify({ name: REPOSITORY, tags }));
  };

test('page by page, as a registry links them', async () => {
  await client[Symbol.asyncDispose]();
  await double[Symbol.asyncDispose]();
  await start(7);
  const tags = Array.from({ length: 30 }, (_, index) => `t${String(index).padStart(2, '0')}`);
  for (const tag of tags) double.storage.repository(REPOSITORY).tags.set(tag, 'sha256:x');
  await expect(list()).resolves.toEqual(tags);
  expect(double.count('GET', /tags/)).toBe(5);
});

test('an unknown repository has none', async () => {
  await expect(list()).resolves.toEqual([]);
});

describe('R24: what registries list', () => {
  test('null is none', async () => {
    double.on({}, page(null));
    await expect(list()).resolves.toEqual([]);
  });

  test('doubles, in any order, as they come', async () => {
    double.on({}, page(['b', 'a', 'b']));
    await expect(list()).resolves.toEqual(['b', 'a', 'b']);
  });

  test.each([
    { name: 'missing', tags: undefined },
    { name: 'a text', tags: 'a' },
    { name: 'a list of numbers', tags: [1] },
  ])('a list that is $name is no list', async ({ tags }) => {
    double.on({}, page(tags));
    await expect(list()).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_TAGS' });
  });

  test.each(['relative', 'absolute'])('a link that is %s', async (form) => {
    const target = form === 'relative' ? `${PATH}?last=a` : `${double.origin}${PATH}?last=a`;
    double.on({}, page(['b'])).on({}, page(['a'], `<${target}>; rel="next"`));
    await expect(list()).resolves.toEqual(['a', 'b']);
  });

  test('a link to another host is not followed, and the list not taken for complete', async () => {
    await using other = await startRegistryDouble();
    double.on({}, page(['a'], `<${other.origin}${PATH}>; rel="next"`));
    await expect(list()).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_TAGS' });
    expect(other.requests).toEqual([]);
  });

  test('a page that comes again ends it', async () => {
    double.on({ times: 99 }, page(['a'], `<${PATH}?last=a>; rel="next"`));
    await expect(list()).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_TAGS' });
    expect(double.requests).toHaveLength(2);
  });

  test('an empty page that links to itself is the end', async () => {
    const link = `<${PATH}?last=a>; rel="next"`;
    double.on({}, page([], link)).on({}, page(['a'], link));
    await expect(list()).resolves.toEqual(['a']);
  });

  test('pages without end are cut off', async () => {
    let last = 0;
    double.on({ times: 999 }, (request, response, next) =>
      page(['a'], `<${PATH}?last=${(last += 1)}>; rel="next"`)(request, response, next),
    );
    await expect(list()).rejects.toMatchObject({ kind: 'protocol', code: 'ERR_OCI_TAGS' });
    expect(double.requests).toHaveLength(50);
  });

  test('a page beyond the limit', async () => {
    double.on({}, page(Array.from({ length: 20_000 }, (_, index) => `tag-${index}`)));
    await expect(list()).rejects.toMatchObject({ kind: 'limit' });
  });

  test('T05: a web page is no list', async () => {
    double.on({}, (_request, response) => void response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>'));
    await expect(list()).rejects.toMatchObject({ kind: 'protocol' });
  });
});

test('who stops reading asks for no further page', async () => {
  double.on({ times: 99 }, page(['a', 'b'], `<${PATH}?last=b>; rel="next"`));
  for await (const tag of client.registry.listTags({ signal })) {
    expect(tag).toBe('a');
    break;
  }
  expect(double.requests).toHaveLength(1);
});
