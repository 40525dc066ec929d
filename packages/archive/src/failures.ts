import { BerthError, escapeControls, type Limits } from '@berth/base';

const LONGEST_SHOWN = 200;

/** A name from an archive, fit to print on one line: control characters escaped, cut at 200 characters. */
export function shown(name: string): string {
  const cut = name.length > LONGEST_SHOWN ? `${name.slice(0, LONGEST_SHOWN)}…` : name;
  return JSON.stringify(escapeControls(cut));
}

/** The archive as a whole is damaged or is not a package. */
export function archiveError(what: string, why: string, cause?: unknown): BerthError {
  return new BerthError('archive', 'ERR_ARCHIVE_CORRUPT', `${what}: ${why}`, { hint: PUSH_AGAIN, cause });
}

/** One member asks for something that berth refuses. */
export function memberError(what: string, name: string, why: string, cause?: unknown): BerthError {
  return new BerthError('archive', 'ERR_ARCHIVE_MEMBER', `${what}: member ${shown(name)}: ${why}`, {
    hint: PUSH_AGAIN,
    details: { member: name.slice(0, LONGEST_SHOWN) },
    cause,
  });
}

/** The members together do not make up one package prefix. */
export function prefixError(what: string, why: string): BerthError {
  return new BerthError('archive', 'ERR_ARCHIVE_PREFIX', `${what}: not a package archive: ${why}`, {
    hint: PUSH_AGAIN,
  });
}

/** The input is larger than berth is willing to take; names the limit. */
export function limitError(what: string, limit: keyof Limits, allowed: number): BerthError {
  return new BerthError('limit', 'ERR_LIMIT', `${what}: more than the limit ${limit} = ${allowed} allows`, {
    hint: 'If you trust where this archive comes from, raise the limit or free some disk space.',
    details: { limit, allowed },
  });
}

const PUSH_AGAIN = 'The archive was not made by Spack or berth, or was damaged: push the package again with --force.';
