// What berth is held to.

/**
 * @typedef {(scenario: string, contender: string) => import('./measure.js').Measurement | undefined} MedianOf
 * @typedef {{ name: string, unit: string, wanted: string, found: number | undefined, isMet: boolean | undefined }} Bar
 */

const MEGABYTE = 1e6;
/** Memory that a package a thousand times as large may take beyond a small one: buffers, and lists of its files. */
const FLAT_MEGABYTES = 100;
const MOST_MEGABYTES = 250;

const FASTER_THAN_SPACK = [
  { scenario: 'install', least: 2.5, name: 'install from a cache, against Spack' },
  { scenario: 'first install', least: 6, name: "install on a machine's first run, against Spack" },
  { scenario: 'push', least: 2.5, name: 'push, against Spack' },
  { scenario: 'push again', least: 8, name: 'push with nothing to do, against Spack' },
  { scenario: 'find', least: 6, name: 'find, against Spack' },
  { scenario: 'registry install', least: 2.5, name: 'install from a registry, against Spack' },
  { scenario: 'registry push', least: 2.5, name: 'push to a registry, against Spack' },
  { scenario: 'registry push again', least: 8, name: 'push to a registry with nothing to do, against Spack' },
];
const MOST_INDEX_REQUESTS = 10;
const MOST_BYTES = 1.06;

/**
 * @param {MedianOf} medianOf
 * @param {{ berthBytes: number, spackBytes: number | undefined, peakBytes: number | undefined, indexRequests: number | undefined }} facts
 * @returns {Bar[]} `found` is undefined where nothing could be measured.
 */
export function checkBars(medianOf, { berthBytes, spackBytes, peakBytes, indexRequests }) {
  const speedup = (scenario, other) =>
    ratio(medianOf(scenario, other)?.wallSeconds, medianOf(scenario, 'berth')?.wallSeconds);
  const faster = FASTER_THAN_SPACK.map(({ scenario, least, name }) => atLeast(name, speedup(scenario, 'Spack'), least));
  return [
    ...faster,
    atLeast('install from a cache, against unpacking with tar', speedup('install', 'tar'), 1),
    atMost('bytes pushed, against Spack', ratio(berthBytes, spackBytes), MOST_BYTES, '×'),
    atMost('requests that one more of 2,000 packages costs its index', indexRequests, MOST_INDEX_REQUESTS, ''),
    atMost('most memory of any command', megabytes(peakBytes), MOST_MEGABYTES, ' MB'),
    ...['push', 'install'].map((verb) =>
      atMost(
        `memory of ${verb}: the largest package beyond the smallest`,
        growth(medianOf, verb),
        FLAT_MEGABYTES,
        ' MB',
      ),
    ),
  ];
}

function growth(medianOf, verb) {
  const [large, small] = ['largest', 'smallest'].map((which) => medianOf(`${verb} ${which}`, 'berth')?.peakBytes);
  return large === undefined || small === undefined ? undefined : megabytes(large - small);
}

function megabytes(bytes) {
  return bytes === undefined ? undefined : bytes / MEGABYTE;
}

function ratio(value, base) {
  return value === undefined || base === undefined ? undefined : value / base;
}

function atLeast(name, found, least) {
  return { name, unit: '×', wanted: `≥ ${least}×`, found, isMet: found === undefined ? undefined : found >= least };
}

function atMost(name, found, most, unit) {
  return { name, unit, wanted: `≤ ${most}${unit}`, found, isMet: found === undefined ? undefined : found <= most };
}
