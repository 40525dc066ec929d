import { replaceStart, type PrefixMap } from './prefix-map.ts';

/**
 * The new target of a symbolic link, or `undefined` when it stays: relative targets always do, absolute ones when no old
 * prefix starts them (buildcache-formats §12.5).
 */
export function relocateLink(target: Buffer, map: PrefixMap): Buffer | undefined {
  return target[0] === 0x2f ? replaceStart(target, map) : undefined;
}
