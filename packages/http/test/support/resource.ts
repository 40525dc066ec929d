import { type IncomingMessage, type ServerResponse } from 'node:http';

export interface ResourceOptions {
  readonly bytes: Buffer;
  readonly etag?: string;
  /** Cuts the n-th answer (from 0) after so many bytes of its body; Infinity cuts nothing. */
  readonly cutAfter?: readonly number[];
  readonly ranges?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Serves one resource as a good server does, with Range and If-Range, and cuts the connection where it is told to. */
export function resource(options: ResourceOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { bytes, etag, ranges = true, headers = {} } = options;
  const cuts = [...(options.cutAfter ?? [])];
  return (request, response) => {
    const range = ranges ? rangeOf(request, etag) : undefined;
    const start = range?.start ?? 0;
    const end = Math.min(range?.end ?? bytes.length, bytes.length);
    if (etag !== undefined) response.setHeader('ETag', etag);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (range !== undefined) response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${bytes.length}`);
    response.setHeader('Content-Length', end - start);
    response.writeHead(range === undefined ? 200 : 206);
    const cut = cuts.shift();
    if (cut === undefined || cut === Infinity) response.end(bytes.subarray(start, end));
    else
      response.write(bytes.subarray(start, Math.min(start + cut, end)), () => {
        response.destroy();
      });
  };
}

function rangeOf(
  request: IncomingMessage,
  etag: string | undefined,
): { readonly start: number; readonly end: number | undefined } | undefined {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const condition = request.headers['if-range'];
  if (match === null || (condition !== undefined && condition !== etag)) return undefined;
  return { start: Number(match[1]), end: match[2] === '' ? undefined : Number(match[2]) + 1 };
}
