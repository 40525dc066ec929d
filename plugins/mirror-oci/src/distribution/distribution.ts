import { type Emit, isBerthError, isSha256, type Sha256 } from '@berth/base';
import { type Clock, type HttpClient, systemClock } from '@berth/http';
import { type CredentialSource } from '../credentials/credentials.ts';
import { type Registry } from '../registry.ts';
import { hasBlob, openBlob } from './blobs.ts';
import { endpointOf, type RepositoryAddress } from './endpoint.ts';
import { deleteManifest, getManifest, putManifest } from './manifests.ts';
import { RegistryAuth } from './registry-auth.ts';
import { type Repository } from './repository.ts';
import { DEFAULT_DISTRIBUTION_LIMITS, type DistributionLimits } from './settings.ts';
import { listTags } from './tag-list.ts';
import { BlobUploads } from './upload/put-blob.ts';

export interface DistributionOptions extends RepositoryAddress {
  readonly http: HttpClient;
  readonly credentials: CredentialSource;
  /** `host[:port]` of token servers that may see the credentials, besides the registry and those known to belong to it. */
  readonly realmHosts?: readonly string[] | undefined;
  /** `host[:port]` that the registry may send uploads to; they go there without credentials. */
  readonly uploadHosts?: readonly string[] | undefined;
  readonly limits?: Partial<DistributionLimits> | undefined;
  readonly clock?: Clock | undefined;
  readonly emit: Emit;
}

/**
 * One repository of a registry (OCI distribution-spec 1.1); makes no request until asked for something, and closes nothing: the HTTP
 * client belongs to the caller. Throws `config` for a host or a name that no registry has. Its methods reject as `Registry` says; `auth`
 * ERR_OCI_LOGIN, ERR_OCI_DENIED, ERR_OCI_TOKEN; `protocol` for a registry that does not keep to the protocol.
 */
export function openDistribution(options: DistributionOptions): Registry & Required<Pick<Registry, 'deleteManifest'>> {
  const repository = repositoryOf(options);
  const uploads = new BlobUploads(repository);
  return {
    label: repository.endpoint.label,
    getManifest: async (reference, call) => getManifest(repository, reference, call),
    putManifest: async (reference, manifest, call) => {
      try {
        return await putManifest(repository, reference, { ...manifest, ...call });
      } catch (error) {
        uploads.doubt(unknownBlobsOf(error, manifest.bytes));
        throw error;
      }
    },
    deleteManifest: async (digest, call) => deleteManifest(repository, digest, call),
    hasBlob: async (blob, call) => hasBlob(repository, blob, call),
    openBlob: async (blob, call) => openBlob(repository, blob, call),
    putBlob: async (blob, call) => uploads.put(blob, call),
    listTags: (call) => listTags(repository, call),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

function repositoryOf(options: DistributionOptions): Repository {
  const { http, credentials, emit, clock = systemClock, realmHosts = [], uploadHosts = [] } = options;
  const endpoint = endpointOf(options);
  const limits = { ...DEFAULT_DISTRIBUTION_LIMITS, ...options.limits };
  const auth = new RegistryAuth({ endpoint, http, clock, credentials, realmHosts, emit });
  return { endpoint, http, auth, clock, limits, pace: { chunkBytes: limits.chunkBytes }, uploadHosts, emit };
}

/** The blobs that the registry named as missing; where it named none, all that the manifest has. */
function unknownBlobsOf(error: unknown, manifest: Buffer): readonly Sha256[] {
  if (!isBerthError(error, 'ERR_OCI_BLOB_UNKNOWN')) return [];
  const { digests } = error.details;
  const named: readonly unknown[] = Array.isArray(digests) ? digests : [];
  const found = named.length > 0 ? named : Array.from(manifest.toString().matchAll(DIGEST), ([, digest]) => digest);
  return found.filter((each): each is Sha256 => typeof each === 'string' && isSha256(each));
}

const DIGEST = /"sha256:([0-9a-f]{64})"/g;
