// The words after `node bench/bench.js`.
import { parseArgs } from 'node:util';

export const HELP = `Usage: npm run bench -- [options]

Measures berth, real Spack and tar as whole processes, in turn, on an install tree made of this machine's files.

Options:
  --rounds N    how often everything is measured; medians are shown (default: 3)
  --size F      fraction of the data set of about 1 GB in 12,000 files (default: 1)
  --keep DIR    work here, and keep the data set for the next time (default: a temporary folder)
  --json        print the result as JSON
  --help        print this

BERTH_PEER_SPACK=FILE names a shell script that puts real Spack on the PATH; without it nothing is compared with Spack.
docker-registry, where it is installed, is the registry that is pushed to and installed from.
A whole data set takes about 6 GB of disk for each round.
`;

/**
 * @typedef {{ rounds: number, size: number, keep: string | undefined, json: boolean, help: boolean, peer: string | undefined }} BenchOptions
 */

/**
 * @param {string[]} words
 * @param {Record<string, string | undefined>} variables
 * @returns {BenchOptions} Throws on a word that is none of the options.
 */
export function parseOptions(words, variables) {
  const { values } = parseArgs({
    args: words,
    options: {
      rounds: { type: 'string', default: '3' },
      size: { type: 'string', default: '1' },
      keep: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { keep, json, help } = values;
  return {
    rounds: positive('--rounds', values.rounds),
    size: positive('--size', values.size),
    keep,
    json,
    help,
    peer: variables.BERTH_PEER_SPACK,
  };
}

function positive(option, text) {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`${option}: expected a number above 0, found ${text}`);
}
