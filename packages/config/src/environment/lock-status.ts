import { BerthError, type Emit } from '@berth/base';
import { type ConcreteSpec, parseSpec, type ParseOptions, type Spec, specsEqual } from '@berth/spec';
import { type LockedSpecs, type Lockfile } from './lockfile.ts';

/** What concretizing would change, judged by the user's specs alone (configuration §19, "Staleness"). */
export interface LockStatus {
  /** Specs of the manifest that the lock file lacks. */
  readonly missing: readonly string[];
  /** Roots of the lock file that the manifest no longer has. */
  readonly dropped: readonly string[];
}

/** Compares as specs, not as texts: `zlib  @1` is `zlib@1`. */
export function lockStatus(
  manifest: readonly { readonly text: string; readonly spec: Spec }[],
  lockfile: Pick<LockedSpecs, 'roots'>,
  options: ParseOptions = {},
): LockStatus {
  const locked = lockfile.roots.map((root) => ({ text: root.spec, spec: parseSpec(root.spec, options) }));
  const lockedTexts = new Set(locked.map(({ text }) => text));
  const manifestTexts = new Set(manifest.map(({ text }) => text));
  const without =
    (texts: ReadonlySet<string>, others: readonly { readonly spec: Spec }[]) =>
    ({ text, spec }: { readonly text: string; readonly spec: Spec }): boolean =>
      !texts.has(text) && !others.some((other) => specsEqual(other.spec, spec));
  return {
    missing: manifest.filter(without(lockedTexts, locked)).map(({ text }) => text),
    dropped: locked.filter(without(manifestTexts, manifest)).map(({ text }) => text),
  };
}

/** Warns when the lock file is not that of the manifest; with `locked` that is ERR_LOCKFILE_STALE (hostile-inputs L04). */
export function checkLockStatus(
  status: LockStatus,
  options: { readonly what: string; readonly locked: boolean; readonly emit: Emit },
): void {
  if (status.missing.length === 0 && status.dropped.length === 0) return;
  const parts = [
    status.missing.length === 0 ? [] : [`not yet concretized: ${status.missing.join(', ')}`],
    status.dropped.length === 0 ? [] : [`no longer in spack.yaml: ${status.dropped.join(', ')}`],
  ].flat();
  const message = `${options.what}: it is not that of spack.yaml: ${parts.join('; ')}`;
  const hint = 'Run: berth concretize';
  if (options.locked) throw new BerthError('lock', 'ERR_LOCKFILE_STALE', message, { hint, details: { ...status } });
  options.emit({ type: 'warning', code: 'WARN_LOCKFILE_STALE', message, hint });
}

const MAX_SHOWN = 10;

/**
 * The spec of a lock file whose DAG hash begins with `prefix`. None or several are `usage` (ERR_HASH_NOT_FOUND,
 * ERR_HASH_AMBIGUOUS), the candidates listed (hostile-inputs L09).
 */
export function lookUpHash(lockfile: Pick<Lockfile, 'specs'>, prefix: string): ConcreteSpec {
  const wanted = prefix.replace(/^\//, '');
  const found = wanted === '' ? [] : [...lockfile.specs.values()].filter((spec) => spec.hash.startsWith(wanted));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const candidates = found.map((spec) => `${spec.name}/${spec.hash}`);
  if (candidates.length === 0) {
    throw new BerthError('usage', 'ERR_HASH_NOT_FOUND', `hash /${wanted}: no spec of the environment has it`);
  }
  const shown = candidates.slice(0, MAX_SHOWN).join(', ');
  throw new BerthError(
    'usage',
    'ERR_HASH_AMBIGUOUS',
    `hash /${wanted}: ${candidates.length} specs begin with it: ${shown}`,
    {
      hint: 'Write more of the hash.',
      details: { candidates },
    },
  );
}
