import { type IncomingMessage, type ServerResponse } from 'node:http';
import { digestOf, type DoubleStorage, type DoubleUpload } from './registry-double-storage.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

/** How the double differs from docker-registry, as other registries do. */
export interface RouteOptions {
  /** Forgets what arrived of a chunk whose connection broke. */
  readonly discardPartialChunks?: boolean;
  /** `https://host:port`, for absolute locations. */
  readonly origin: string;
  /** Tags in one page whatever the client asks for. */
  readonly tagPageSize?: number;
}

export interface RouteContext {
  readonly storage: DoubleStorage;
  readonly options: RouteOptions;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers = {}): void {
  response.writeHead(status, { 'Content-Type': JSON_TYPE, ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : JSON.stringify(body));
}

export function sendError(response: ServerResponse, status: number, code: string, detail?: unknown): void {
  sendJson(response, status, { errors: [{ code, message: code.toLowerCase().replaceAll('_', ' '), detail }] });
}

/** The bytes of a request; what arrived before the connection broke goes to `keep`. */
export async function readBody(request: IncomingMessage, keep?: (chunk: Buffer) => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    keep?.(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const ROUTES: readonly [RegExp, (context: RouteContext, ...parts: string[]) => Promise<void> | void][] = [
  [
    /^\/v2\/$/,
    ({ response }) => {
      sendJson(response, 200, {});
    },
  ],
  [/^\/v2\/(.+)\/manifests\/([^/]+)$/, manifests],
  [/^\/v2\/(.+)\/blobs\/uploads\/$/, startUpload],
  [/^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/, upload],
  [/^\/v2\/(.+)\/blobs\/([^/]+)$/, blobs],
  [/^\/v2\/(.+)\/tags\/list$/, tags],
];

/** Answers as docker-registry 2.8 does. */
export async function route(context: RouteContext): Promise<void> {
  for (const [pattern, handler] of ROUTES) {
    const match = pattern.exec(context.url.pathname);
    if (match !== null) return handler(context, ...match.slice(1).map(decodeURIComponent));
  }
  sendError(context.response, 404, 'NOT_FOUND');
}

async function manifests(context: RouteContext, repository: string, reference: string): Promise<void> {
  const { storage, request, response, options } = context;
  if (request.method === 'PUT') {
    const bytes = await readBody(request);
    const missing = storage.missingBlobs(repository, bytes);
    if (missing[0] !== undefined) {
      sendError(response, 404, 'MANIFEST_BLOB_UNKNOWN', { digest: missing[0] });
      return;
    }
    const mediaType = request.headers['content-type'] ?? '';
    const digest = storage.putManifest(repository, reference, { bytes, mediaType });
    const location = `${options.origin}/v2/${repository}/manifests/${digest}`;
    response.writeHead(201, { Location: location, 'Docker-Content-Digest': digest }).end();
    return;
  }
  const found = storage.findManifest(repository, reference);
  if (found === undefined) {
    sendError(response, 404, 'MANIFEST_UNKNOWN');
  } else if (request.method === 'DELETE') {
    const home = storage.repository(repository);
    home.manifests.delete(found.digest);
    for (const [tag, digest] of home.tags) if (digest === found.digest) home.tags.delete(tag);
    response.writeHead(202).end();
  } else {
    sendBytes(context, { bytes: found.bytes, digest: found.digest, type: found.mediaType });
  }
}

function blobs(context: RouteContext, repository: string, digest: string): void {
  const bytes = context.storage.repository(repository).blobs.get(digest);
  if (bytes === undefined) sendError(context.response, 404, 'BLOB_UNKNOWN', digest);
  else sendBytes(context, { bytes, digest, type: 'application/octet-stream' });
}

function sendBytes(
  { request, response }: RouteContext,
  content: { readonly bytes: Buffer; readonly digest: string; readonly type: string },
): void {
  const { bytes, digest, type } = content;
  const headers = {
    'Content-Type': type,
    'Docker-Content-Digest': digest,
    Etag: `"${digest}"`,
    'Accept-Ranges': 'bytes',
  };
  const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (asked === null) {
    response.writeHead(200, { ...headers, 'Content-Length': bytes.length });
    response.end(request.method === 'HEAD' ? undefined : bytes);
    return;
  }
  const start = Number(asked[1]);
  const end = asked[2] === '' ? bytes.length - 1 : Math.min(Number(asked[2]), bytes.length - 1);
  if (start > end) {
    response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end();
    return;
  }
  const part = bytes.subarray(start, end + 1);
  response.writeHead(206, {
    ...headers,
    'Content-Length': part.length,
    'Content-Range': `bytes ${start}-${end}/${bytes.length}`,
  });
  response.end(part);
}

function startUpload({ storage, response, options, url }: RouteContext, repository: string): void {
  const mount = url.searchParams.get('mount');
  const from = url.searchParams.get('from');
  const mounted = mount !== null && from !== null ? storage.repository(from).blobs.get(mount) : undefined;
  if (mounted !== undefined) {
    const digest = storage.putBlob(repository, mounted);
    const location = `${options.origin}/v2/${repository}/blobs/${digest}`;
    response.writeHead(201, { Location: location, 'Docker-Content-Digest': digest }).end();
    return;
  }
  sendSession({ response, options, repository, status: 202, ...storage.startUpload(repository) });
}

interface SessionAnswer {
  readonly response: ServerResponse;
  readonly options: RouteOptions;
  readonly repository: string;
  readonly id: string;
  readonly status: number;
  readonly upload: DoubleUpload;
}

function sendSession({ response, options, repository, id, status, upload: session }: SessionAnswer): void {
  session.state += 1;
  response.writeHead(status, {
    Location: `${options.origin}/v2/${repository}/blobs/uploads/${id}?_state=${session.state}`,
    Range: `0-${Math.max(0, session.sizeBytes - 1)}`,
    'Docker-Upload-Uuid': id,
  });
  response.end();
}

async function upload(context: RouteContext, repository: string, id: string): Promise<void> {
  const { storage, request, response, options, url } = context;
  const session = storage.uploads.get(id);
  if (session?.repository !== repository) {
    sendError(response, 404, 'BLOB_UPLOAD_UNKNOWN');
    return;
  }
  const answer = { response, options, repository, id, upload: session };
  if (request.method === 'GET') {
    sendSession({ ...answer, status: 204 });
    return;
  }
  const range = /^(\d+)-(\d+)$/.exec(request.headers['content-range'] ?? '');
  if (range !== null && Number(range[1]) !== session.sizeBytes) {
    request.resume();
    sendSession({ ...answer, status: 416 });
    return;
  }
  await receive(request, session, options.discardPartialChunks === true);
  if (request.method === 'PATCH') sendSession({ ...answer, status: 202 });
  else completeUpload(context, { id, repository, session, digest: url.searchParams.get('digest') ?? '' });
}

async function receive(request: IncomingMessage, session: DoubleUpload, whole: boolean): Promise<void> {
  const keep = (chunk: Buffer): void => {
    session.chunks.push(chunk);
    session.sizeBytes += chunk.length;
  };
  if (whole) keep(await readBody(request));
  else await readBody(request, keep);
}

interface Completion {
  readonly id: string;
  readonly repository: string;
  readonly session: DoubleUpload;
  readonly digest: string;
}

function completeUpload({ storage, response, options }: RouteContext, completion: Completion): void {
  const bytes = Buffer.concat(completion.session.chunks);
  if (digestOf(bytes) !== completion.digest) {
    sendError(response, 400, 'DIGEST_INVALID');
    return;
  }
  storage.uploads.delete(completion.id);
  storage.putBlob(completion.repository, bytes);
  const location = `${options.origin}/v2/${completion.repository}/blobs/${completion.digest}`;
  response.writeHead(201, { Location: location, 'Docker-Content-Digest': completion.digest }).end();
}

function tags({ storage, response, options, url }: RouteContext, repository: string): void {
  const home = storage.repositories.get(repository);
  if (home === undefined) {
    sendError(response, 404, 'NAME_UNKNOWN', { name: repository });
    return;
  }
  const last = url.searchParams.get('last');
  const left = [...home.tags.keys()].sort().filter((tag) => last === null || tag > last);
  const page = left.slice(0, options.tagPageSize ?? left.length);
  const headers =
    page.length === left.length
      ? {}
      : { Link: `</v2/${repository}/tags/list?last=${page.at(-1)}&n=${page.length}>; rel="next"` };
  sendJson(response, 200, { name: repository, tags: page }, headers);
}
