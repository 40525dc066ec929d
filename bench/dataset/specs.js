// Concrete specs of the packages, made by hand: nothing is concretized.
import { createHash } from 'node:crypto';
import { jsonNumber } from '@berth/base';
import { hostFacts } from '@berth/config';
import { base32, booleanVariant, createNode, readSpecDocument, singleVariant, targetByName } from '@berth/spec';

export const NAMESPACE = 'bench';
const VERSION = '1.0';
/** About as many as real packages have. */
const VARIANTS = new Map([
  ['build_system', singleVariant('build_system', 'generic')],
  ...['ipo', 'pic', 'shared', 'static', 'tests'].map((name) => [name, booleanVariant(name, true)]),
]);

/**
 * @param {import('./packages.js').PackagePlan[]} plans Dependencies before their dependents.
 * @returns {Promise<Map<string, import('@berth/spec').ConcreteSpec>>} By name.
 */
export async function createSpecs(plans) {
  const { platform, os, targetFamily } = await hostFacts();
  const architecture = { platform, os, target: targetByName(targetFamily) };
  const nodes = new Map();
  for (const plan of plans) nodes.set(plan.name, nodeOf(plan, architecture, nodes));
  return new Map(plans.map((plan) => [plan.name, specOf(plan, plans, nodes)]));
}

function nodeOf({ name, links, runs, builds = [] }, architecture, nodes) {
  const edge = (child, types) => ({ name: child, hash: nodes.get(child).get('hash'), types, virtuals: [] });
  const onlyBuilds = builds.filter((child) => !links.includes(child));
  return createNode({
    name,
    version: VERSION,
    architecture,
    namespace: NAMESPACE,
    variants: VARIANTS,
    packageHash: `${base32(createHash('sha256').update(name).digest()).slice(0, 52)}====`,
    dependencies: [
      ...links.map((child) => edge(child, ['build', 'link'])),
      ...runs.map((child) => edge(child, ['run'])),
      ...onlyBuilds.map((child) => edge(child, ['build'])),
    ],
  });
}

function specOf(plan, plans, nodes) {
  const byName = new Map(plans.map((one) => [one.name, one]));
  const closure = new Set([plan.name]);
  for (const name of closure) for (const child of childrenOf(byName.get(name))) closure.add(child);
  const document = new Map([
    ['_meta', new Map([['version', jsonNumber(5)]])],
    ['nodes', [...closure].map((name) => nodes.get(name))],
  ]);
  return readSpecDocument(new Map([['spec', document]]), { what: `spec of ${plan.name}` }).root;
}

function childrenOf({ links, runs, builds = [] }) {
  return [...links, ...runs, ...builds];
}
