import { BerthError, isBerthError } from '@berth/base';
import { Readable } from 'node:stream';
import { type Download, type DownloadRequest, type HttpResponse } from '../contract.ts';
import { htmlError, isHtml, isTransient, shownUrl } from '../failures.ts';
import { parseStrongEtag } from '../headers/etag.ts';
import { growingPause } from '../interceptors/retry-transient.ts';
import { discard } from '../transport/response.ts';
import { firstPart, nextPart } from './parts.ts';
import { plainBytes } from './plain-bytes.ts';
import { Progress } from './progress.ts';
import { type DownloadContext, type Part, type Running } from './running.ts';
import { Skipper } from './skipper.ts';

/** Begins a download; see `HttpClient.openDownload`. */
export async function startDownload(wanted: DownloadRequest, context: DownloadContext): Promise<Download> {
  const running: Running = {
    ...context,
    wanted,
    progress: new Progress(wanted.expected),
    probed: undefined,
    coded: false,
    validator: undefined,
  };
  const { response, part } = await firstPart(running);
  const { status, headers, url } = response;
  running.validator = validatorOf(response);
  if (part === undefined) discard(response);
  const body = Readable.from(part === undefined ? [] : pieces(running, part), { objectMode: false });
  // A body that nobody reads must not hold its connection.
  if (part !== undefined)
    body.once('close', () => {
      response.dispose();
    });
  return { status, headers, url, body };
}

/** A stream that is there before what it comes from. */
export function lateStream(open: () => Promise<Readable>): Readable {
  const late = async function* (): AsyncIterable<Uint8Array> {
    yield* (await open()) as AsyncIterable<Uint8Array>;
  };
  return Readable.from(late(), { objectMode: false });
}

async function* pieces(running: Running, first: Part): AsyncIterable<Uint8Array> {
  const { limits, clock, wanted } = running;
  let failures = 0;
  for (let part = first; ; part = await nextPart(running)) {
    const before = running.progress.bytes;
    try {
      yield* handOn(running, part);
      return;
    } catch (error) {
      part.response.dispose();
      failures = running.progress.bytes - before >= MUCH_BYTES ? 1 : failures + 1;
      if (!isTransient(error) || failures >= limits.attempts) throw portalOr(error, part.response, wanted);
    }
    await clock.sleep(growingPause(failures, clock), wanted.signal);
  }
}

/** A connection that brought this much before it broke is worth another one. */
const MUCH_BYTES = 1024 * 1024;

async function* handOn(running: Running, part: Part): AsyncIterable<Uint8Array> {
  const { progress, wanted } = running;
  const end = wanted.range?.end ?? Infinity;
  let position = part.at;
  const source = new Skipper(running, part.at);
  for await (const chunk of plainBytes(part, wanted.signal)) {
    const inRange = position + chunk.byteLength > end ? chunk.subarray(0, end - position) : chunk;
    position += chunk.byteLength;
    const fresh = source.fresh(inRange);
    if (fresh.byteLength > 0) {
      progress.add(fresh);
      yield fresh;
    }
    if (position >= end) break;
  }
  source.finish();
  if (progress.incomplete) throw cut(running, part);
  progress.finish();
}

function validatorOf(response: HttpResponse): string | undefined {
  const etag = response.headers.get('etag');
  return parseStrongEtag(etag) === undefined ? undefined : etag;
}

function cut({ wanted }: Running, part: Part): BerthError {
  return new BerthError(
    'io',
    'ERR_HTTP_CONNECTION',
    `${wanted.expected.what}: ${shownUrl(part.response.url)}: it ended early`,
    {
      details: { transient: true },
    },
  );
}

/** Bytes that are wrong because they are a web page tell of a portal, not of the package (hostile-inputs T05). */
function portalOr(error: unknown, response: HttpResponse, { expected }: DownloadRequest): unknown {
  const wrong = isBerthError(error, 'ERR_SIZE_MISMATCH') || isBerthError(error, 'ERR_DIGEST_MISMATCH');
  return wrong && isHtml(response.headers) ? htmlError(expected.what, response.url) : error;
}
