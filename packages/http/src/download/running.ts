import { BerthError } from '@berth/base';
import { type Clock } from '../clock.ts';
import { type DownloadRequest, type HttpClient, type HttpResponse } from '../contract.ts';
import { shownUrl } from '../failures.ts';
import { type HttpLimits } from '../settings.ts';
import { type Coding } from './encoding.ts';
import { type Progress } from './progress.ts';

export interface DownloadContext {
  readonly request: HttpClient['request'];
  readonly limits: HttpLimits;
  readonly clock: Clock;
}

/** One answer that holds bytes of the resource from `at` on, in the form `coding`. */
export interface Part {
  readonly response: HttpResponse;
  readonly at: number;
  readonly coding: Coding | 'none';
}

/** One download from its first request to its last byte. */
export interface Running extends DownloadContext {
  readonly wanted: DownloadRequest;
  readonly progress: Progress;
  /** Settled by reading the whole body once. */
  probed: Coding | 'none' | undefined;
  /** The last part came in a coding: its offsets are not those of the bytes handed on. */
  coded: boolean;
  /** For `If-Range`: what identifies this version of the resource. */
  validator: string | undefined;
}

/** The resource is not what it was when the download began. */
export function changed({ wanted }: Running, why: string): BerthError {
  return new BerthError('protocol', 'ERR_HTTP_CHANGED', `${wanted.expected.what}: ${shownUrl(wanted.url)}: ${why}`, {
    hint: 'Somebody writes to the server at the same time: run the command again.',
  });
}
