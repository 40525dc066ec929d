import { BerthError, type Sha256 } from '@berth/base';
import { type HttpResponse, shownUrl } from '@berth/http';
import { formatOciDigest } from '../../reference.ts';
import { type Repository } from '../repository.ts';

/**
 * Where the upload goes on: `Location`, resolved against the request, without its fragment (hostile-inputs R14). Rejects with `protocol`,
 * ERR_OCI_LOCATION, when it is missing, leads to http from https, or to another host that is not configured.
 */
export function uploadLocation(repository: Repository, response: HttpResponse): URL {
  const { base } = repository.endpoint;
  const header = response.headers.get('location') ?? '';
  if (header === '' || !URL.canParse(header, response.url))
    throw badLocation(repository, 'the registry does not say where to send it');
  const url = new URL(header, response.url);
  url.hash = '';
  url.username = '';
  url.password = '';
  if (url.origin === base.origin) return url;
  if (url.protocol !== 'https:' && url.protocol !== base.protocol) {
    throw badLocation(repository, `the registry sends it to ${shownUrl(url)}, which is not https`);
  }
  if (!repository.uploadHosts.includes(url.host))
    throw badLocation(repository, `the registry sends it to another host: ${url.host}`);
  return url;
}

/** The address that completes an upload. What the registry put into the query stays as it is, byte for byte (buildcache-formats §8.9). */
export function withDigest(location: URL, digest: Sha256): URL {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(formatOciDigest(digest))}`;
  return url;
}

function badLocation({ endpoint }: Repository, why: string): BerthError {
  return new BerthError('protocol', 'ERR_OCI_LOCATION', `upload to ${endpoint.label}: ${why}`, {
    hint: 'If the registry is behind a proxy, let it know its outer address; if uploads do go to another host, allow that host for this mirror.',
  });
}
