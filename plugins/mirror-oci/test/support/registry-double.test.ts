import { expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DoubleAuth } from './registry-double-auth.ts';
import { type RegistryDouble, startRegistryDouble } from './registry-double.ts';

const FIXTURES = join(import.meta.dirname, '..', 'fixtures');
const LAYOUTS = join(FIXTURES, 'oci-layout');
const ALICE = { username: 'alice', password: 's3cret' };

/** One request that Spack made of a distribution 2.8 registry, and what it answered. */
interface TracedRequest {
  readonly method: string;
  readonly path: string;
  readonly request_headers: Readonly<Record<string, string>>;
  readonly request_body?: string;
  readonly status: number;
  readonly response_headers: Readonly<Record<string, string>>;
}

interface Trace {
  readonly file: string;
  readonly requests: number;
  readonly auth?: DoubleAuth;
  /** Repositories that were there before, by the layouts they are kept in. */
  readonly before: readonly string[];
}

const traces: readonly Trace[] = [
  { file: 'oci-push-update-index-tag', requests: 42, before: [] },
  { file: 'oci-push-again-all-skipped', requests: 3, before: ['cache'] },
  { file: 'oci-push-base-image', requests: 43, before: ['base'] },
  { file: 'oci-push-docker-base-image', requests: 46, before: ['base'] },
  { file: 'oci-original-pr-push', requests: 26, before: [] },
  { file: 'oci-list-first', requests: 2, before: ['cache'] },
  { file: 'oci-list-again', requests: 1, before: ['cache'] },
  { file: 'oci-install', requests: 9, before: ['cache'] },
  { file: 'oci-auth-basic-list', requests: 3, before: ['cache'], auth: { kind: 'basic', ...ALICE } },
  { file: 'oci-auth-bearer-list', requests: 4, before: ['cache'], auth: { kind: 'bearer', ...ALICE } },
];

test.each(traces)('the double answers $file as the registry did', async ({ file, requests, auth, before }) => {
  await using double = await startRegistryDouble(auth === undefined ? {} : { auth });
  for (const layout of before) load(double, layout);
  const traced = readTrace(file);
  const replay = new Replay(double);
  for (const [index, request] of traced.entries()) {
    const answer = await replay.send(request);
    expect({ index, ...answer }).toEqual({ index, ...expectedOf(request) });
  }
  expect(traced).toHaveLength(requests);
});

/** What of an answer matters to a client; places and names of sessions are each registry's own. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const COMPARED = ['content-type', 'docker-content-digest', 'etag'];

function comparable(status: number, header: (name: string) => string | undefined): Answer {
  const location = header('location');
  const challenge = header('www-authenticate');
  return {
    status,
    headers: {
      ...Object.fromEntries(COMPARED.map((name) => [name, header(name)])),
      location: location === undefined ? undefined : anonymous(location),
      challenge: challenge === undefined ? undefined : anonymous(challenge).replace('pull,push', 'pull'),
    },
  };
}

function anonymous(text: string): string {
  return text
    .replace(/https?:\/\/[^/"]+/, 'ORIGIN')
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'UUID')
    .replace(/_state=[^&]*/, '_state=STATE');
}

function expectedOf({ status, response_headers }: TracedRequest): Answer {
  const headers = new Map(Object.entries(response_headers).map(([name, value]) => [name.toLowerCase(), value]));
  return comparable(status, (name) => headers.get(name));
}

/** Sends traced requests to the double; sessions and tokens are replaced by those that the double gave out. */
class Replay {
  readonly #double: RegistryDouble;
  readonly #sessions = new Map<string, string>();
  #token = '';

  constructor(double: RegistryDouble) {
    this.#double = double;
  }

  async send(request: TracedRequest): Promise<Answer> {
    const headers = new Headers(request.request_headers);
    headers.delete('content-length');
    if (headers.get('authorization')?.startsWith('Bearer ') === true) {
      headers.set('authorization', `Bearer ${this.#token}`);
    }
    const response = await fetch(this.#urlOf(request), {
      method: request.method,
      headers,
      ...(request.method === 'PUT' ? { body: bodyOf(request) } : {}),
    });
    const session = sessionOf(request.response_headers['Location'] ?? '');
    if (session !== undefined) this.#sessions.set(session, response.headers.get('location') ?? '');
    const text = await response.text();
    if (request.path.startsWith('/token')) this.#token = (JSON.parse(text) as { token: string }).token;
    return comparable(response.status, (name) => response.headers.get(name) ?? undefined);
  }

  #urlOf({ path }: TracedRequest): string {
    const session = sessionOf(path);
    const location = session === undefined ? undefined : this.#sessions.get(session);
    return location === undefined ? `${this.#double.origin}${path}` : `${location}&digest=${digestIn(path)}`;
  }
}

function sessionOf(path: string): string | undefined {
  return /\/uploads\/([0-9a-f-]{36})/.exec(path)?.[1];
}

function digestIn(path: string): string {
  return new URL(path, 'http://x').searchParams.get('digest') ?? '';
}

function bodyOf({ path, request_body: body }: TracedRequest): Buffer {
  return body === undefined ? readBlob(digestIn(path)) : Buffer.from(body);
}

function readBlob(digest: string): Buffer {
  const name = join('blobs', 'sha256', digest.replace('sha256:', ''));
  const found = readdirSync(LAYOUTS)
    .map((layout) => join(LAYOUTS, layout, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`no fixture has the blob ${digest}`);
  return readFileSync(found);
}

function readTrace(file: string): TracedRequest[] {
  const text = readFileSync(join(FIXTURES, 'http-traces', `${file}.jsonl`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TracedRequest);
}

interface LayoutDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Fills the repository `demo/<layout>` of the double. */
function load(double: RegistryDouble, layout: string): void {
  const repository = `demo/${layout}`;
  const { manifests } = JSON.parse(readFileSync(join(LAYOUTS, layout, 'index.json'), 'utf8')) as {
    manifests: readonly LayoutDescriptor[];
  };
  for (const name of readdirSync(join(LAYOUTS, layout, 'blobs', 'sha256'))) {
    double.storage.putBlob(repository, readBlob(name));
  }
  for (const { digest, mediaType, annotations } of manifests) {
    const tag = annotations?.['org.opencontainers.image.ref.name'] ?? digest;
    putManifest(double, { repository, reference: tag, digest, mediaType });
  }
}

function putManifest(
  double: RegistryDouble,
  {
    repository,
    reference,
    digest,
    mediaType,
  }: { repository: string; reference: string; digest: string; mediaType: string },
): void {
  const bytes = readBlob(digest);
  double.storage.putManifest(repository, reference, { bytes, mediaType });
  const { manifests = [] } = JSON.parse(bytes.toString()) as { manifests?: readonly LayoutDescriptor[] };
  for (const child of manifests) putManifest(double, { ...child, repository, reference: child.digest });
}
