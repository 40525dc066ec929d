import { BerthError } from '@berth/base';

export type CachePolicy = 'auto' | 'only' | 'never';

/** Whether mirrors are asked for the named packages and for what they need. */
export interface CachePolicies {
  readonly package: CachePolicy;
  readonly dependencies: CachePolicy;
}

/** Reads the argument of `--use-buildcache`, applied from left to right (cli §8.1). Throws ERR_CACHE_POLICY (`usage`). */
export function parseCachePolicy(text: string): CachePolicies {
  let policies: CachePolicies = { package: 'auto', dependencies: 'auto' };
  for (const part of text.split(',')) {
    const [scope, policy] = part.includes(':') ? part.split(':', 2) : [undefined, part];
    if (policy !== 'auto' && policy !== 'only' && policy !== 'never') throw badPolicy(text, part);
    if (scope === undefined) policies = { package: policy, dependencies: policy };
    else if (scope === 'package' || scope === 'dependencies') policies = { ...policies, [scope]: policy };
    else throw badPolicy(text, part);
  }
  return policies;
}

function badPolicy(text: string, part: string): BerthError {
  return new BerthError('usage', 'ERR_CACHE_POLICY', `--use-buildcache ${text}: ${JSON.stringify(part)} is no policy`, {
    hint: 'Write auto, only or never, or package:POLICY,dependencies:POLICY.',
  });
}
