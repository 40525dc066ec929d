import { BerthError } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';

/** What names one binary: package name, version text as in the spec document, DAG hash. */
export interface SpecIdentity {
  readonly name: string;
  readonly version: string;
  readonly hash: string;
}

/** The questions a mirror can be asked about: a whole spec, or only what names it. */
export type PackageQuery = ConcreteSpec | SpecIdentity;

/** The package name grammar that paths may be built from (hostile-inputs J17). */
const PACKAGE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/;
const DAG_HASH = /^[a-z2-7]{32}$/;
// eslint-disable-next-line no-control-regex -- control characters are exactly what is refused
const CONTROL = /[\u0000-\u001f\u007f]/;
const MAX_NAME_BYTES = 255;

export function isWholeSpec(query: PackageQuery): query is ConcreteSpec {
  return 'node' in query;
}

/** `query` as checked plain names. Throws `format` (ERR_SPEC_NAME) before a path can be built from a hostile one (J17). */
export function identityOf(query: PackageQuery): SpecIdentity {
  const { name, hash } = query;
  const version = isWholeSpec(query) ? query.node.get('version') : query.version;
  if (!PACKAGE_NAME.test(name)) throw badName('package name', name);
  if (typeof version !== 'string') throw badName(`version of ${name}`, 'none');
  if (!isVersionText(version)) throw badName(`version of ${name}`, version);
  if (!DAG_HASH.test(hash)) throw badName(`hash of ${name}`, hash);
  if (Buffer.byteLength(`${name}-${version}-${hash}.spec.manifest.json`) > MAX_NAME_BYTES)
    throw badName('file name', name);
  return { name, version, hash };
}

/** Only git references may hold a slash; sanitising turns it into `_` in every path. */
function isVersionText(version: string): boolean {
  if (version === '' || CONTROL.test(version)) return false;
  return !version.includes('/') || version.startsWith('git.');
}

function badName(what: string, found: string): BerthError {
  return new BerthError(
    'format',
    'ERR_SPEC_NAME',
    `${what}: not usable in a path: ${JSON.stringify(found.slice(0, 80))}`,
  );
}

/** `greet@1.0/7y7a35n`, for messages. */
export function labelOf({ name, version, hash }: SpecIdentity): string {
  return `${name}@${version}/${hash.slice(0, 7)}`;
}

/** Every character outside `[A-Za-z0-9_+.-]` becomes `_` (buildcache-formats §2.1). */
export function politeFileName(text: string): string {
  return text.replace(/[^A-Za-z0-9_+.-]/gu, '_');
}

/** Joins as Spack does: the base gets a trailing slash, its query is dropped, the parts resolve as a relative reference (§2.2). */
export function joinUrl(base: string, ...parts: readonly string[]): string {
  const match = /^([a-z][a-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)/i.exec(base);
  const authority = match?.[1] ?? '';
  const path = match?.[2] ?? '';
  const relative = parts.join('/');
  if (relative === '') return authority + (path.endsWith('/') ? path : `${path}/`);
  const whole = relative.startsWith('/') ? relative : `${path.endsWith('/') ? path : `${path}/`}${relative}`;
  return authority + removeDotSegments(whole);
}

function removeDotSegments(path: string): string {
  const segments = path.split('/');
  const last = segments.at(-1) ?? '';
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const endsInFolder = last === '' || last === '.' || last === '..';
  return `/${kept.join('/')}${endsInFolder && kept.length > 0 ? '/' : ''}`;
}

/**
 * Throws `usage` (ERR_VIEW_NAME) unless `view` is a relative path of ordinary components (hostile-inputs X11): an index
 * view may contain `/`, and becomes a folder of the mirror.
 */
export function checkViewName(view: string): string {
  const safe = view
    .split('/')
    .every(
      (part) => /^[A-Za-z0-9_+.@-]+$/.test(part) && part !== '.' && part !== '..' && part.length <= MAX_NAME_BYTES,
    );
  if (safe && view.length <= MAX_NAME_BYTES) return view;
  throw new BerthError('usage', 'ERR_VIEW_NAME', `index view ${JSON.stringify(view.slice(0, 80))}: not a usable name`, {
    hint: 'Use letters, digits and "_", "+", ".", "@", "-", in one or more parts separated by "/".',
  });
}

// eslint-disable-next-line no-control-regex -- NUL ends a path early
const KEY_PART = /^[^/\\\u0000]+$/;

/** Throws `format` (ERR_KEY) unless `key` is a relative path without empty, `.` or `..` components. */
export function checkKey(key: string): string {
  if (isKey(key)) return key;
  throw new BerthError(
    'format',
    'ERR_KEY',
    `object key ${JSON.stringify(key.slice(0, 200))}: not a plain relative path`,
  );
}

/** True for a relative path without empty, `.` or `..` components. */
export function isKey(key: string): boolean {
  return key.split('/').every((part) => KEY_PART.test(part) && part !== '.' && part !== '..');
}
