import { BerthError, isJsonArray, isJsonObject, type JsonValue } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type HttpResponse, parseNextLink, readJson } from '@berth/http';
import { accessTo } from './access.ts';
import { tagsUrl } from './endpoint.ts';
import { type Repository, send } from './repository.ts';

const PAGE_SIZE = 1000;

/**
 * As `Registry.listTags`: page by page along `Link: <…>; rel="next"` on the registry itself. An unknown repository has no tags. Rejects
 * with `protocol`, ERR_OCI_TAGS, rather than end early: a link to another host, a page that comes again, a page without a list
 * (hostile-inputs R24).
 */
export async function* listTags(repository: Repository, { signal }: CallOptions): AsyncGenerator<string> {
  const { endpoint, limits } = repository;
  const seen = new Set<string>();
  let url: URL | undefined = tagsUrl(endpoint, PAGE_SIZE);
  while (url !== undefined) {
    if (seen.size >= limits.tagPages) throw tagsError(repository, `more than ${limits.tagPages} pages`);
    seen.add(url.href);
    const page: TagPage = await readPage(repository, url, { signal });
    yield* page.tags;
    // Some registries link the page behind the last one to itself.
    if (page.next !== undefined && seen.has(page.next.href) && page.tags.length > 0) {
      throw tagsError(repository, 'the same page comes again');
    }
    url = page.next !== undefined && seen.has(page.next.href) ? undefined : page.next;
  }
}

interface TagPage {
  readonly tags: readonly string[];
  readonly next: URL | undefined;
}

async function readPage(repository: Repository, url: URL, { signal }: CallOptions): Promise<TagPage> {
  const { endpoint, limits } = repository;
  const access = accessTo(endpoint, 'pull');
  const response = await send(repository, { method: 'GET', url, access, expect: [200, 404], signal });
  if (response.status === 404) {
    response.dispose();
    return { tags: [], next: undefined };
  }
  const next = nextPage(repository, response);
  const what = `tags of ${endpoint.label}`;
  return { tags: tagsOf(repository, await readJson(response, { what, maxBytes: limits.tagPageBytes })), next };
}

function nextPage(repository: Repository, response: HttpResponse): URL | undefined {
  const target = parseNextLink(response.headers.get('link'));
  if (target === undefined) return undefined;
  const { base } = repository.endpoint;
  const url = URL.canParse(target, base.href) ? new URL(target, base) : undefined;
  if (url?.origin === base.origin) return url;
  response.dispose();
  throw tagsError(repository, 'the next page is on another host');
}

function tagsOf(repository: Repository, document: JsonValue): readonly string[] {
  const tags = isJsonObject(document) ? document.get('tags') : undefined;
  if (tags === null) return [];
  if (!isJsonArray(tags)) throw tagsError(repository, 'a page without a list of tags');
  return tags.map((tag) => {
    if (typeof tag !== 'string') throw tagsError(repository, 'a tag that is no text');
    return tag;
  });
}

function tagsError({ endpoint }: Repository, why: string): BerthError {
  return new BerthError('protocol', 'ERR_OCI_TAGS', `tags of ${endpoint.label}: ${why}`, {
    hint: 'The registry does not list its tags reliably: ask its administrator.',
  });
}
