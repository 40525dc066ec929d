import { isBerthError, type Sha256 } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type HttpResponse, isHttpStatusError } from '@berth/http';
import { formatOciDigest } from '../../reference.ts';
import { accessTo, accessToMount } from '../access.ts';
import { hasBlob } from '../blobs.ts';
import { checkName, uploadsUrl } from '../endpoint.ts';
import { type Repository, send } from '../repository.ts';
import { uploadLocation } from './location.ts';

/** An upload that the registry expects bytes for. */
export interface UploadSession {
  readonly location: URL;
  /** The registry takes no smaller pieces, the last one excepted (OCI distribution-spec 1.1, `OCI-Chunk-Min-Length`). */
  readonly smallestChunkBytes: number | undefined;
}

/** 202 by the specification; the others by habit (hostile-inputs R16). */
const STARTED: readonly number[] = [200, 201, 202, 204];

/** Opens an upload. Starting one twice does no harm: registries clear away what nobody completes. */
export async function startSession(repository: Repository, { signal }: CallOptions): Promise<UploadSession> {
  const { endpoint } = repository;
  const response = await send(repository, {
    method: 'POST',
    url: uploadsUrl(endpoint),
    access: accessTo(endpoint, 'push'),
    retry: 'repeatable',
    expect: STARTED,
    signal,
  });
  return sessionOf(repository, response);
}

/**
 * Asks for a blob of another repository (OCI distribution-spec 1.1, "Mounting a blob"). Resolves to `mounted` only when the blob is
 * there, to the upload that the registry opened instead, or to `undefined` when it wants neither (hostile-inputs R17).
 */
export async function mountBlob(
  repository: Repository,
  blob: { readonly digest: Sha256; readonly sizeBytes: number; readonly from: string },
  { signal }: CallOptions,
): Promise<'mounted' | UploadSession | undefined> {
  const { endpoint } = repository;
  const url = uploadsUrl(endpoint);
  url.searchParams.set('mount', formatOciDigest(blob.digest));
  url.searchParams.set('from', checkName(blob.from));
  try {
    const access = accessToMount(endpoint, blob.from);
    const response = await send(repository, {
      method: 'POST',
      url,
      access,
      retry: 'repeatable',
      expect: [201, 202],
      signal,
    });
    if (response.status === 202) return sessionOf(repository, response);
    response.dispose();
    return (await hasBlob(repository, blob, { signal })) ? 'mounted' : undefined;
  } catch (error) {
    if (isDeclined(error)) return undefined;
    throw error;
  }
}

/** The other repository may be out of reach, or mounting unknown: neither hinders an upload. */
function isDeclined(error: unknown): boolean {
  if (isBerthError(error) && error.kind === 'auth') return true;
  return isHttpStatusError(error) && error.status < 500 && error.kind !== 'busy';
}

function sessionOf(repository: Repository, response: HttpResponse): UploadSession {
  response.dispose();
  return { location: uploadLocation(repository, response), smallestChunkBytes: minimum(response) };
}

function minimum({ headers }: HttpResponse): number | undefined {
  const text = headers.get('oci-chunk-min-length') ?? '';
  return /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
