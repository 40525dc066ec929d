import { BerthError, type Emit } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import {
  type Clock,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  HttpStatusError,
  isHttpStatusError,
} from '@berth/http';
import { type Access } from './access.ts';
import { type Endpoint } from './endpoint.ts';
import { describeFaults, faultsOf } from './faults.ts';
import { type RegistryAuth } from './registry-auth.ts';
import { type DistributionLimits } from './settings.ts';

/** What all requests to one repository share. */
export interface Repository {
  readonly endpoint: Endpoint;
  readonly http: HttpClient;
  readonly auth: RegistryAuth;
  readonly clock: Clock;
  readonly limits: DistributionLimits;
  /** How large the pieces of an upload are at present; small while the connection is bad. */
  readonly pace: { chunkBytes: number };
  /** `host[:port]` that uploads may be sent to besides the registry, without credentials. */
  readonly uploadHosts: readonly string[];
  readonly emit: Emit;
}

export interface RepositoryRequest
  extends CallOptions, Pick<HttpRequest, 'method' | 'headers' | 'body' | 'retry' | 'expect'> {
  readonly url: URL;
  readonly access: Access;
}

/** One request with the log-in it needs. Rejects as `HttpClient.request` does; a refused log-in with `auth`, ERR_OCI_LOGIN or ERR_OCI_DENIED. */
export async function send(repository: Repository, request: RepositoryRequest): Promise<HttpResponse> {
  const { method, url, headers, body, retry, expect, signal } = request;
  const auth = authFor(repository, request);
  const sent = { method, url, headers, body, retry, expect, signal, auth };
  return explained(repository, request, async () => repository.http.request(sent));
}

/** What `ask` resolves to; a refused log-in is told with where the credentials come from. */
export async function explained<T>(
  repository: Repository,
  request: Pick<RepositoryRequest, 'method' | 'signal'>,
  ask: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw await refusal(repository, request, error);
  }
}

/** Credentials are for the registry only, also where it sends us elsewhere for an upload (hostile-inputs R14). */
export function authFor(
  repository: Repository,
  { url, access }: Pick<RepositoryRequest, 'url' | 'access'>,
): HttpRequest['auth'] {
  return url.origin === repository.endpoint.base.origin ? repository.auth.authorizer(access) : undefined;
}

async function refusal(
  repository: Repository,
  { signal, method }: Pick<RepositoryRequest, 'method' | 'signal'>,
  failure: unknown,
): Promise<unknown> {
  if (!isHttpStatusError(failure)) return failure;
  const { host, label } = repository.endpoint;
  const cause = withoutSecrets(repository, method, failure);
  if (failure.status === 401) {
    const origin = await repository.auth.origin({ signal });
    const why =
      origin === undefined ? 'it refuses requests without a log-in' : `it refuses the credentials from ${origin}`;
    return new BerthError('auth', 'ERR_OCI_LOGIN', `registry ${host}: ${why}`, {
      hint: `Check the user name and password or token, or run podman login ${host}.`,
      cause,
    });
  }
  if (failure.status === 403) {
    return new BerthError(
      'auth',
      'ERR_OCI_DENIED',
      `repository ${label}: ${method} is not permitted${told(repository, failure)}`,
      {
        hint: 'Check what this user may do in this repository.',
        cause,
      },
    );
  }
  return cause;
}

/** A registry may repeat in its answer what it was sent in confidence. */
function withoutSecrets(repository: Repository, method: string, failure: HttpStatusError): HttpStatusError {
  const { kind, status, headers, body, details, hint } = failure;
  const message = `${method} in ${repository.endpoint.label}: status ${status}${told(repository, failure)}`;
  return new HttpStatusError(kind, message, { status, headers, body, details, hint });
}

function told({ auth }: Repository, failure: HttpStatusError): string {
  const text = describeFaults(faultsOf(failure), (each) => auth.redact(each));
  return text === '' ? '' : `: ${text}`;
}
