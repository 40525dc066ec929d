import { Readable } from 'node:stream';
import { type HttpResponse } from '../contract.ts';
import { type Exchange, type Handler, type Interceptor } from '../transport/exchange.ts';

const SHORT_BYTES = 64 * 1024;

/**
 * Reads the answer to anything but a GET at once, as long as it is short: who uploads seldom looks at it, and a body that is
 * not read would keep its connection.
 */
export const holdShortAnswers: Interceptor =
  (next: Handler) =>
  async (exchange: Exchange): Promise<HttpResponse> => {
    const response = await next(exchange);
    return exchange.method === 'GET' || response.body.closed ? response : held(response);
  };

async function held(response: HttpResponse): Promise<HttpResponse> {
  const rest = (response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  for (let bytes = 0; bytes <= SHORT_BYTES;) {
    const step = await rest.next();
    if (step.done === true) return { ...response, ...bodyOf(Readable.from(chunks, { objectMode: false })) };
    chunks.push(step.value);
    bytes += step.value.byteLength;
  }
  return { ...response, ...bodyOf(Readable.from(joined(chunks, rest), { objectMode: false })) };
}

function bodyOf(body: Readable): Pick<HttpResponse, 'body' | 'dispose'> {
  return {
    body,
    dispose: () => {
      body.destroy();
    },
  };
}

async function* joined(first: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* first;
    for (let step = await rest.next(); step.done !== true; step = await rest.next()) yield step.value;
  } finally {
    await rest.return?.();
  }
}
