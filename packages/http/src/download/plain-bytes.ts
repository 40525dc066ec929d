import { isAbortError, isBerthError } from '@berth/base';
import { pipeline } from 'node:stream/promises';
import { createDecoder, encodingError } from './encoding.ts';
import { type Part } from './running.ts';

/** The bytes of a part without the coding that is to be undone. */
export async function* plainBytes({ response, coding }: Part, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (coding === 'none') {
    yield* response.body as AsyncIterable<Uint8Array>;
    return;
  }
  const decoder = createDecoder(coding);
  // Its failure reaches us through the decoder.
  pipeline(response.body, decoder, { signal }).catch(() => undefined);
  try {
    yield* decoder as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw isBerthError(error) || isAbortError(error) ? error : encodingError(response.url, 'damaged', error);
  }
}
