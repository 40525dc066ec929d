// What is measured, in the order in which one round measures it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createBerth, createSpack } from './contenders.js';
import { packCommand, unpackCommand } from './tar-limit.js';

/**
 * @typedef {object} Run One process to measure.
 * @property {string} scenario
 * @property {string} contender
 * @property {() => string[]} command Made when it is needed: later runs read what earlier ones wrote.
 * @property {Record<string, string | undefined>} environment
 */

/**
 * @typedef {object} RoundPlaces Folders that one round writes to; nothing in them is there before.
 * @property {string} berthMirror
 * @property {string} spackMirror
 */

/** @returns {RoundPlaces} */
export function placesOf(folder) {
  return { berthMirror: join(folder, 'mirror-of-berth'), spackMirror: join(folder, 'mirror-of-spack') };
}

/**
 * Every run of one round. All install from the mirror that berth pushed to in this round; each tree is new, because a file
 * system takes longer to write where something was removed a moment ago.
 * @param {string} folder New, for this round.
 * @param {{ dataset: import('./dataset.js').Dataset, peer: string | undefined }} facts
 * @returns {Run[]}
 */
export function planRound(folder, { dataset, peer }) {
  const { berthMirror: mirror, spackMirror } = placesOf(folder);
  const berth = createBerth(join(folder, 'berth'), { mirror });
  const spack =
    peer === undefined
      ? undefined
      : createSpack(join(folder, 'spack'), { mirror, peer, repository: dataset.repository });
  const suite = `/${dataset.suite}`;
  const tree = (name) => join(folder, 'trees', name);
  const runs = (contender, command, scenario) =>
    contender === undefined
      ? []
      : [
          {
            scenario,
            contender: contender.name,
            environment: contender.environment,
            command: () => command(contender),
          },
        ];
  const both = (scenario, command) => [...runs(berth, command, scenario), ...runs(spack, command, scenario)];
  const targetOf = (contender) => (contender === berth ? mirror : spackMirror);
  return [
    tar('push', () =>
      packCommand(
        dataset.packages.map(({ prefix }) => prefix),
        made(tree('archives')),
      ),
    ),
    ...both('push', (contender) => contender.push(dataset.root, targetOf(contender), suite)),
    ...both('push again', (contender) => contender.push(dataset.root, targetOf(contender), suite)),
    tar('install', () => unpackCommand(mirror, made(tree('of-tar')))),
    ...both('first install', (contender) => contender.install(tree(`first-${contender.name}`), suite)),
    ...both('install', (contender) => contender.install(tree(`of-${contender.name}`), suite)),
    ...both('find', (contender) => contender.find(dataset.root)),
    ...memoryRuns({ berth, dataset, folder, tree, runs }),
  ];
}

/** One package alone: the smallest and the largest. */
function memoryRuns({ berth, dataset, folder, tree, runs }) {
  const alone = dataset.packages.filter(({ isAlone }) => isAlone).toSorted((a, b) => a.sizeBytes - b.sizeBytes);
  const packages = { smallest: alone.at(0), largest: alone.at(-1) };
  return Object.entries(packages).flatMap(([which, { hash }]) => [
    ...runs(berth, () => berth.push(dataset.root, join(folder, `mirror-${which}`), `/${hash}`), `push ${which}`),
    ...runs(berth, () => berth.install(tree(`${which}`), `/${hash}`), `install ${which}`),
  ]);
}

function tar(scenario, command) {
  return { scenario, contender: 'tar', command, environment: process.env };
}

function made(folder) {
  mkdirSync(folder, { recursive: true });
  return folder;
}
