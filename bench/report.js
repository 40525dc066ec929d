// The result as text for people.

const MISSING = '—';
const WARNING = `
!!! Real Spack was not measured: every ratio against it is missing.
!!! Set BERTH_PEER_SPACK to a shell script that puts spack on the PATH, and measure again.
`;

/**
 * @typedef {object} Result
 * @property {{ files: number, sizeBytes: number, packages: number }} dataset
 * @property {number} rounds
 * @property {boolean} hasSpack
 * @property {({ scenario: string, contender: string } & import('./measure.js').Measurement)[]} medians
 * @property {import('./bars.js').Bar[]} bars
 */

/**
 * @param {Result} result
 * @returns {string}
 */
export function formatResult(result) {
  const { dataset, rounds, medians, bars, hasSpack } = result;
  const size = `${dataset.packages} packages, ${dataset.files} files, ${(dataset.sizeBytes / 1e6).toFixed(0)} MB`;
  const runs = medians.map((row) => [
    row.scenario,
    row.contender,
    shown(row.wallSeconds, 2, ' s'),
    shown(row.cpuSeconds, 2, ' s'),
    shown(row.peakBytes === undefined ? undefined : row.peakBytes / 1e6, 0, ' MB'),
  ]);
  const checks = bars.map(({ name, wanted, found, isMet, unit }) => [
    name,
    wanted,
    shown(found, 2, unit),
    verdict(isMet),
  ]);
  return [
    `${size}; medians of ${rounds} rounds\n`,
    formatTable(['', 'by', 'wall', 'CPU', 'peak memory'], runs),
    '',
    formatTable(['bar', 'wanted', 'found', ''], checks),
    ...(hasSpack ? [''] : [WARNING]),
  ].join('\n');
}

function shown(value, digits, unit) {
  return value === undefined ? MISSING : `${value.toFixed(digits)}${unit}`;
}

function verdict(isMet) {
  if (isMet === undefined) return 'not measured';
  return isMet ? 'met' : 'MISSED';
}

function formatTable(head, rows) {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
