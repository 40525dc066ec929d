import { BerthError, isBerthError } from '@berth/base';
import { isHttpStatusError, isTransient } from '@berth/http';
import { faultsOf } from '../faults.ts';

/**
 * What a failure means for an upload (hostile-inputs R12 to R16):
 * - `again`: the connection broke or the registry is busy; what arrived is unknown;
 * - `behind`: the registry expects another piece than we sent;
 * - `lost`: it does not know this upload;
 * - `refused`: it does not take pieces;
 * - `muddled`: it contradicts itself, or has other bytes than were sent;
 * - `final`: no repetition helps.
 */
export type Setback = 'again' | 'behind' | 'lost' | 'refused' | 'muddled' | 'final';

const BUSY: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const BY_STATUS: Readonly<Record<number, Setback>> = { 404: 'lost', 410: 'lost', 416: 'behind' };
const PIECES_REFUSED: ReadonlySet<number> = new Set([400, 405, 411, 413, 415, 501]);
const BY_CODE: Readonly<Record<string, Setback>> = {
  BLOB_UPLOAD_UNKNOWN: 'lost',
  BLOB_UPLOAD_INVALID: 'lost',
  DIGEST_INVALID: 'muddled',
  SIZE_INVALID: 'muddled',
};

export function setbackOf(error: unknown, { inPieces }: { readonly inPieces: boolean }): Setback {
  if (isBerthError(error, 'ERR_OCI_MUDDLED')) return 'muddled';
  if (!isHttpStatusError(error)) return isTransient(error) ? 'again' : 'final';
  if (BUSY.has(error.status)) return 'again';
  const told = faultsOf(error).flatMap(({ code }) => BY_CODE[code] ?? [])[0] ?? BY_STATUS[error.status];
  if (told !== undefined) return told;
  return inPieces && PIECES_REFUSED.has(error.status) ? 'refused' : 'final';
}

/** The registry contradicts itself. Told to nobody, unless it happens again: then it is the cause of ERR_OCI_UPLOAD. */
export function muddle(what: string, why: string): BerthError {
  return new BerthError('protocol', 'ERR_OCI_MUDDLED', `upload to ${what}: ${why}`);
}
