import { compareVersions, isDevelopVersion, isPrerelease, type ConcreteVersion } from './version.ts';

export interface VersionCandidate {
  readonly version: ConcreteVersion;
  /** Marked as preferred by its recipe. */
  readonly preferred?: boolean;
}

/**
 * Most preferred first: preferred ones, then plain before git, releases before development names, final before
 * pre-release, newer before older (spec-syntax §4.3). Equal ones keep their order.
 */
export function preferVersions<T extends VersionCandidate>(candidates: readonly T[]): readonly T[] {
  return candidates.toSorted(comparePreference);
}

function comparePreference(a: VersionCandidate, b: VersionCandidate): number {
  return (
    Number(b.preferred ?? false) - Number(a.preferred ?? false) ||
    Number(a.version.kind === 'git') - Number(b.version.kind === 'git') ||
    Number(isDevelopVersion(a.version)) - Number(isDevelopVersion(b.version)) ||
    Number(isPrerelease(a.version)) - Number(isPrerelease(b.version)) ||
    compareVersions(b.version, a.version)
  );
}
