import { BerthError } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type HttpResponse, isHtml } from '@berth/http';
import { Readable } from 'node:stream';
import { formatOciDigest } from '../reference.ts';
import { type DigestDescriptor } from '../registry.ts';
import { accessTo } from './access.ts';
import { blobUrl } from './endpoint.ts';
import { authFor, explained, type Repository, send } from './repository.ts';

/** Registries that do not answer HEAD say so with one of these (hostile-inputs R26). */
const NO_HEAD: readonly number[] = [400, 405, 501];

/** As `Registry.hasBlob`. */
export async function hasBlob(
  repository: Repository,
  blob: DigestDescriptor,
  { signal }: CallOptions,
): Promise<boolean> {
  const { endpoint } = repository;
  const request = { url: blobUrl(endpoint, blob.digest), access: accessTo(endpoint, 'pull'), signal };
  let response = await send(repository, { ...request, method: 'HEAD', expect: [200, 404, ...NO_HEAD] });
  if (NO_HEAD.includes(response.status)) {
    response.dispose();
    response = await send(repository, { ...request, method: 'GET', expect: [200, 404] });
  }
  response.dispose();
  return response.status === 200 && isThatBlob(response, blob);
}

/** Existence is believed only where nothing that the answer says speaks against it (hostile-inputs R26, T05). */
function isThatBlob({ headers }: HttpResponse, { digest, sizeBytes }: DigestDescriptor): boolean {
  const length = headers.contentLength();
  const told = headers.get('docker-content-digest');
  const sameSize = sizeBytes === undefined || length === undefined || length === sizeBytes;
  const sameDigest = told?.startsWith('sha256:') !== true || told === formatOciDigest(digest);
  return sameSize && sameDigest && !isHtml(headers);
}

/**
 * As `Registry.openBlob`, except that what is read from the beginning is checked as it passes: the stream fails with `digest` or `size`
 * (hostile-inputs R01). A broken transfer goes on where it ended (R21).
 */
export async function openBlob(
  repository: Repository,
  { digest, sizeBytes }: DigestDescriptor,
  { signal, start = 0 }: CallOptions & { readonly start?: number | undefined },
): Promise<Readable> {
  // HTTP has no range for nothing.
  if (start > 0 && start === sizeBytes) return Readable.from([], { objectMode: false });
  const { endpoint, http } = repository;
  const what = `blob ${formatOciDigest(digest)} of ${endpoint.label}`;
  const request = {
    method: 'GET',
    url: blobUrl(endpoint, digest),
    access: accessTo(endpoint, 'pull'),
    signal,
  } as const;
  const download = await explained(repository, request, async () =>
    http.openDownload({
      url: request.url,
      auth: authFor(repository, request),
      signal,
      expect: [404],
      ...(start === 0
        ? { expected: { what, digest, sizeBytes } }
        : { range: { start }, expected: { what, sizeBytes: sizeBytes === undefined ? undefined : sizeBytes - start } }),
    }),
  );
  const { status, headers, body } = download;
  const portal = status !== 404 && isHtml(headers) && headers.contentLength() !== sizeBytes;
  if (status !== 404 && !portal) return body;
  body.destroy();
  if (portal) throw webPage(what);
  throw new BerthError('notfound', 'ERR_BLOB_MISSING', `${what}: the registry does not have it`, {
    hint: 'Push the package again with --force.',
    details: { digest },
  });
}

/** A login page or a network portal answers in place of the registry (hostile-inputs T05). */
function webPage(what: string): BerthError {
  return new BerthError('protocol', 'ERR_OCI_HTML', `${what}: a web page came instead`, {
    hint: 'Check the way to the registry: a proxy or a network portal answers for it.',
  });
}
