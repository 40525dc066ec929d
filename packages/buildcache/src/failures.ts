import { BerthError, isBerthError } from '@berth/base';

/** A conditional write that lost: another writer was there first. Kind `busy`, ERR_PRECONDITION. */
export function preconditionFailed(key: string): BerthError {
  return new BerthError('busy', 'ERR_PRECONDITION', `${key}: changed by another writer meanwhile`, {
    details: { key },
  });
}

export function isPreconditionFailed(error: unknown): boolean {
  return isBerthError(error, 'ERR_PRECONDITION');
}

/** A blob that a document names and the mirror does not have. Kind `notfound`, ERR_BLOB_MISSING. */
export function blobMissing(key: string, mirror: string): BerthError {
  return new BerthError(
    'notfound',
    'ERR_BLOB_MISSING',
    `${key}: not on mirror ${mirror} although its manifest names it`,
    {
      hint: 'Push the package again with --force.',
      details: { key, mirror },
    },
  );
}
