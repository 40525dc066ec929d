// Measures berth beside real Spack and tar: `npm run bench -- --help`.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkBars } from './bars.js';
import { createDataset } from './dataset.js';
import { countIndexRequests } from './many-packages.js';
import { measure } from './measure.js';
import { HELP, parseOptions } from './options.js';
import { planRegistryRound, startRegistry } from './registry.js';
import { formatResult } from './report.js';
import { placesOf, planRound } from './scenarios.js';
import { archiveBytes } from './tar-limit.js';

const options = parseOptions(process.argv.slice(2), process.env);
process.stdout.write(options.help ? HELP : await bench(options));

async function bench({ rounds, size, keep, json, peer }) {
  const folder = keep === undefined ? mkdtempSync(join(tmpdir(), 'berth-bench-')) : resolve(keep);
  mkdirSync(folder, { recursive: true });
  try {
    say('making the data set');
    const dataset = await createDataset(folder, { size });
    const work = mkdtempSync(join(folder, 'run-'));
    const registry = startRegistry(join(work, 'registry'));
    try {
      const result = await measureAll(work, { rounds, dataset, peer, registry });
      return json ? `${JSON.stringify(result, undefined, 2)}\n` : formatResult(result);
    } finally {
      registry?.stop();
      rmSync(work, { recursive: true, force: true });
    }
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function measureAll(work, { rounds, dataset, peer, registry }) {
  const measured = new Map();
  for (let round = 1; round <= rounds; round += 1) {
    const folder = join(work, `round-${round}`);
    mkdirSync(folder, { recursive: true });
    const facts = { dataset, peer, registry };
    const runs = [...planRound(folder, facts), ...planRegistryRound(folder, facts)];
    for (const [index, run] of runs.entries()) {
      const key = `${run.scenario}\0${run.contender}`;
      const command = run.command();
      // What an earlier run left to be written must not be counted here.
      execFileSync('sync');
      const found = await measure(command, { log: join(folder, `${index}.log`), environment: run.environment });
      say(`round ${round}: ${run.scenario}, ${run.contender}: ${found.wallSeconds.toFixed(2)} s`);
      measured.set(key, [...(measured.get(key) ?? []), found]);
    }
  }
  say('filling a repository with many packages');
  const indexRequests = await countIndexRequests(join(work, 'many'), { registry });
  const places = placesOf(join(work, 'round-1'));
  return summarize(measured, { rounds, dataset, peer, places, indexRequests });
}

function summarize(measured, { rounds, dataset, peer, places, indexRequests }) {
  const medians = [...measured].map(([key, runs]) => {
    const [scenario, contender] = key.split('\0');
    return { scenario, contender, ...medianOf(runs) };
  });
  const find = (scenario, contender) => medians.find((row) => row.scenario === scenario && row.contender === contender);
  const peaks = [...measured].filter(([key]) => key.endsWith('\0berth')).flatMap(([, runs]) => runs);
  const facts = {
    berthBytes: archiveBytes(places.berthMirror),
    spackBytes: existsSync(places.spackMirror) ? archiveBytes(places.spackMirror) : undefined,
    indexRequests,
    peakBytes: greatest(peaks.map(({ peakBytes }) => peakBytes)),
  };
  return {
    dataset: { files: dataset.files, sizeBytes: dataset.sizeBytes, packages: dataset.packages.length },
    rounds,
    hasSpack: peer !== undefined,
    medians,
    bars: checkBars(find, facts),
    ...facts,
  };
}

function medianOf(runs) {
  const middle = (values) =>
    values.includes(undefined) ? undefined : values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  return {
    wallSeconds: middle(runs.map(({ wallSeconds }) => wallSeconds)),
    cpuSeconds: middle(runs.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: middle(runs.map(({ peakBytes }) => peakBytes)),
  };
}

function greatest(values) {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
