import { BerthError } from '@berth/base';

/** A format string that cannot be followed: ERR_FORMAT_STRING of kind `usage`. */
export function formatError(format: string, why: string): BerthError {
  return new BerthError('usage', 'ERR_FORMAT_STRING', `format string ${JSON.stringify(format)}: ${why}`, {
    details: { format },
  });
}
