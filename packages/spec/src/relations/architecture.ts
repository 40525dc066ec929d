import { type Architecture } from '../spec.ts';
import { constrainTarget, targetSatisfies, targetsIntersect } from '../target/constraint.ts';

/** Spec-syntax §7: a `*` for the platform or os of `b` meets every architecture that has one. */
export function architectureSatisfies(a: Architecture, b: Architecture): boolean {
  for (const part of ['platform', 'os'] as const) {
    if (b[part] === '*' && a[part] !== undefined) return true;
    if (b[part] !== undefined && a[part] !== b[part]) return false;
  }
  return targetSatisfies(a.target, b.target);
}

export function architecturesIntersect(a: Architecture, b: Architecture): boolean {
  const parts = ['platform', 'os'] as const;
  const agree = parts.every((part) => a[part] === undefined || b[part] === undefined || a[part] === b[part]);
  return agree && targetsIntersect(a.target, b.target);
}

/** The architecture that meets both; `undefined` if there is none. */
export function constrainArchitecture(a: Architecture, b: Architecture): Architecture | undefined {
  if (!architecturesIntersect(a, b) || !architecturesIntersect(b, a)) return undefined;
  const both = a.target !== undefined && b.target !== undefined;
  const target = both ? constrainTarget(a.target, b.target) : (a.target ?? b.target);
  return { platform: a.platform ?? b.platform, os: a.os ?? b.os, target };
}

export function sameArchitecture(a: Architecture, b: Architecture): boolean {
  return a.platform === b.platform && a.os === b.os && a.target === b.target;
}
