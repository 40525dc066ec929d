/** Numbers in [0, 1) that are the same for the same seed. */
export type Random = () => number;

/** A small generator (mulberry32) for tests that must be repeatable, and of no other use. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed that the environment variable gives, else one from the clock; printed, so that a failure can be repeated. */
export function announceSeed(variable: string): number {
  const seed = Number(process.env[variable] ?? Date.now() % 2 ** 32);
  process.stderr.write(`${variable}=${seed}\n`);
  return seed;
}
