// Deals the chosen files out to packages, and says who depends on whom.

const COUNT = 30;
/** The packages that make a chain; each later one needs one of them. */
const CHAIN = 8;
/** From here on packages need no other, so that small ones can be installed alone. */
const FIRST_LONELY = 25;
/** What packages were built with: on record, as in any install tree, and not installed. */
const TOOLS = 100;
const TOOLS_EACH = 6;
/** Needs all others, so that one hash installs everything. */
export const SUITE = 'benchsuite';

/**
 * @typedef {object} PackagePlan
 * @property {string} name
 * @property {import('./host-files.js').HostFile[]} files
 * @property {string[]} links
 * @property {string[]} runs
 * @property {string[]} [builds]
 * @property {boolean} [isInstalled] False for what is on record only.
 */

/**
 * Some packages large, most small; some of libraries, some of text. Dependencies come before their dependents.
 * @param {Map<string, import('./host-files.js').HostFile[]>} chosen
 * @returns {PackagePlan[]}
 */
export function planPackages(chosen) {
  const plans = Array.from({ length: COUNT }, (_, index) => ({
    name: nameOf(index),
    files: [],
    links: linksOf(index),
    runs: [],
    builds: toolsFor(index),
  }));
  [...chosen.values()].forEach((files, kindIndex) => {
    deal(files, plans, kindIndex * 7);
  });
  const suite = {
    name: SUITE,
    files: [],
    links: [],
    runs: plans.map(({ name }) => name),
  };
  return [...planTools(), ...plans, suite];
}

function planTools() {
  return Array.from({ length: TOOLS }, (_, index) => ({
    name: toolName(index),
    files: [],
    links: index === 0 ? [] : [toolName(index - 1)],
    runs: [],
    builds: index < 4 ? [] : [toolName(Math.floor(index / 2))],
    isInstalled: false,
  }));
}

function toolsFor(index) {
  return Array.from({ length: TOOLS_EACH }, (_, at) => toolName((index * 7 + at * 13) % TOOLS));
}

function toolName(index) {
  return `tool${String(index + 1).padStart(3, '0')}`;
}

function nameOf(index) {
  return `bench${String(index + 1).padStart(2, '0')}`;
}

function linksOf(index) {
  if (index === 0 || index >= FIRST_LONELY) return [];
  return [nameOf(index <= CHAIN ? index - 1 : (index * 5) % CHAIN)];
}

/** Runs of neighbours, so that what lies together stays together; each kind has its large package elsewhere. */
function deal(files, plans, rotation) {
  const weights = plans.map((_, index) => 1 / (1 + ((index + rotation) % plans.length)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let taken = 0;
  let share = 0;
  plans.forEach((plan, index) => {
    share += weights[index] / total;
    const end = index === plans.length - 1 ? files.length : Math.round(share * files.length);
    plan.files.push(...files.slice(taken, end));
    taken = end;
  });
}
