import { BerthError, isSha256, type Sha256, sha256Of } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { isHttpStatusError, readDocument } from '@berth/http';
import { plainMediaType } from '../media-types.ts';
import { formatOciDigest } from '../reference.ts';
import { type GetManifestOptions, type StoredManifest } from '../registry.ts';
import { accessTo } from './access.ts';
import { manifestUrl } from './endpoint.ts';
import { faultsOf } from './faults.ts';
import { type Repository, send } from './repository.ts';

/** As `Registry.getManifest`. The registry's own digest header is not believed (hostile-inputs R02). */
export async function getManifest(
  repository: Repository,
  reference: string,
  { accept, signal }: GetManifestOptions,
): Promise<StoredManifest | undefined> {
  const { endpoint, limits } = repository;
  const what = `manifest ${reference} of ${endpoint.label}`;
  const response = await send(repository, {
    method: 'GET',
    url: manifestUrl(endpoint, reference),
    headers: { accept: accept.join(', ') },
    access: accessTo(endpoint, 'pull'),
    expect: [200, 404],
    signal,
  });
  if (response.status === 404) {
    response.dispose();
    return undefined;
  }
  const mediaType = plainMediaType(response.headers.get('content-type') ?? '');
  const bytes = await readDocument(response, { what, maxBytes: limits.manifestBytes });
  const digest = sha256Of(bytes);
  if (reference.startsWith('sha256:') && reference !== formatOciDigest(digest))
    throw otherBytes(what, reference, digest);
  return { bytes, mediaType, digest };
}

export interface ManifestContent {
  readonly bytes: Buffer;
  readonly mediaType: string;
}

/** Registries answer one of these once a manifest is stored (hostile-inputs R16). */
const STORED: readonly number[] = [200, 201, 202, 204];

/**
 * As `Registry.putManifest`. Rejects with `protocol`, ERR_OCI_BLOB_UNKNOWN and `details.digests`, when the registry lacks blobs that
 * the manifest names (hostile-inputs R19).
 */
export async function putManifest(
  repository: Repository,
  reference: string,
  { bytes, mediaType, signal }: ManifestContent & CallOptions,
): Promise<Sha256> {
  const { endpoint } = repository;
  try {
    const response = await send(repository, {
      method: 'PUT',
      url: manifestUrl(endpoint, reference),
      headers: { 'content-type': mediaType },
      body: bytes,
      access: accessTo(endpoint, 'push'),
      expect: STORED,
      signal,
    });
    response.dispose();
  } catch (error) {
    throw unknownBlobs(`manifest ${reference} of ${endpoint.label}`, error);
  }
  return readBack(repository, reference, { bytes, mediaType, signal });
}

/** Pauses between looks at a registry that shows a new manifest only after a while. */
const READ_BACK_PAUSES_MS: readonly number[] = [0, 250, 500, 1000, 2000, 4000];

/**
 * What was put must be there: under its reference or, where another writer has moved the tag on, under its digest (hostile-inputs R18).
 */
async function readBack(
  repository: Repository,
  reference: string,
  { bytes, mediaType, signal }: ManifestContent & CallOptions,
): Promise<Sha256> {
  const digest = sha256Of(bytes);
  const options = { accept: [mediaType], signal };
  for (const pauseMs of READ_BACK_PAUSES_MS) {
    if (pauseMs > 0) await repository.clock.sleep(pauseMs, signal);
    const stored = await getManifest(repository, reference, options);
    if (stored?.digest === digest) return digest;
    if (stored !== undefined && (await getManifest(repository, formatOciDigest(digest), options)) !== undefined)
      return digest;
  }
  const what = `manifest ${reference} of ${repository.endpoint.label}`;
  throw new BerthError(
    'protocol',
    'ERR_OCI_NOT_STORED',
    `${what}: the registry accepted it and does not give it back`,
    {
      hint: 'Push again; if it repeats, ask the administrator of the registry.',
      details: { reference, digest },
    },
  );
}

/** As `Registry.deleteManifest`. */
export async function deleteManifest(repository: Repository, digest: Sha256, { signal }: CallOptions): Promise<void> {
  const { endpoint } = repository;
  const response = await send(repository, {
    method: 'DELETE',
    url: manifestUrl(endpoint, formatOciDigest(digest)),
    access: accessTo(endpoint, 'delete'),
    expect: [200, 202, 204, 404, 405],
    signal,
  });
  response.dispose();
  if (response.status !== 405) return;
  throw new BerthError(
    'protocol',
    'ERR_OCI_DELETE',
    `repository ${endpoint.label}: the registry does not delete manifests`,
    {
      hint: 'Allow deletion in the configuration of the registry.',
    },
  );
}

/** Of several spellings among registries: 404 with its own code, 400 with a general one. */
const MISSING_BLOB: ReadonlySet<string> = new Set(['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN']);

function unknownBlobs(what: string, cause: unknown): unknown {
  if (!isHttpStatusError(cause)) return cause;
  const faults = faultsOf(cause).filter(({ code }) => MISSING_BLOB.has(code));
  if (faults.length === 0) return cause;
  const digests = faults.flatMap(({ digest = '' }) => {
    const hex = digest.replace(/^sha256:/, '');
    return isSha256(hex) ? [hex] : [];
  });
  return new BerthError('protocol', 'ERR_OCI_BLOB_UNKNOWN', `${what}: the registry lacks blobs that it names`, {
    hint: 'Push the package again.',
    details: { digests },
    cause,
  });
}

function otherBytes(what: string, expected: string, found: Sha256): BerthError {
  return new BerthError('digest', 'ERR_DIGEST_MISMATCH', `${what}: expected ${expected}, got sha256:${found}`, {
    hint: 'The registry serves other bytes than were pushed: push the package again with --force.',
    details: { expected, found },
  });
}
