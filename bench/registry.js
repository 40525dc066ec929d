// A container registry on this machine, and what is measured with it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createBerth, createSpack } from './contenders.js';

const START = join(import.meta.dirname, '../scripts/start-registry');

/**
 * @typedef {object} Registry
 * @property {string} host
 * @property {Record<string, string>} trust Variables with which programs trust its certificate.
 * @property {() => number} requests How many it has answered.
 * @property {() => void} stop
 */

/**
 * Starts docker-registry over https.
 * @param {string} folder
 * @returns {Registry | undefined} Nothing where it is not installed.
 */
export function startRegistry(folder) {
  if (!isInstalled()) return undefined;
  mkdirSync(folder, { recursive: true });
  const printed = execFileSync(START, [folder, '--tls'], { encoding: 'utf8' });
  const value = (name) => new RegExp(`\\b${name}=(\\S+)`).exec(printed)[1];
  const certificate = value('REGISTRY_CA');
  return {
    host: value('REGISTRY'),
    trust: { SSL_CERT_FILE: certificate, NODE_EXTRA_CA_CERTS: certificate },
    requests: () => readFileSync(join(folder, 'log'), 'utf8').split('msg="response completed').length - 1,
    stop: () => process.kill(Number(value('REGISTRY_PID'))),
  };
}

function isInstalled() {
  try {
    execFileSync('sh', ['-c', 'command -v docker-registry openssl'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/**
 * The runs of one round with the registry. Both install from what berth pushed in this round.
 * @param {string} folder New, for this round.
 * @param {{ dataset: import('./dataset.js').Dataset, peer: string | undefined, registry: Registry | undefined }} facts
 * @returns {import('./scenarios.js').Run[]}
 */
export function planRegistryRound(folder, { dataset, peer, registry }) {
  if (registry === undefined) return [];
  const repository = (name) => `oci://${registry.host}/${folder.split('/').at(-1)}/${name}`;
  const facts = { mirror: repository('berth'), peer, repository: dataset.repository };
  const berth = createBerth(join(folder, 'registry-berth'), facts);
  const spack = peer === undefined ? [] : [createSpack(join(folder, 'registry-spack'), facts)];
  const suite = `/${dataset.suite}`;
  const tree = (name) => join(folder, 'trees', name);
  const both = (scenario, command) =>
    [berth, ...spack].map((contender) => ({
      scenario,
      contender: contender.name,
      environment: { ...contender.environment, ...registry.trust },
      command: () => command(contender),
    }));
  const push = (contender) => contender.push(dataset.root, repository(contender.name.toLowerCase()), suite);
  const install = (name) => (contender) => {
    // What was pushed or downloaded before is kept by both: here it is to come from the registry.
    for (const cache of contender.blobCaches) rmSync(cache, { recursive: true, force: true });
    return contender.install(tree(`registry-${name}-${contender.name}`), suite);
  };
  return [
    ...both('registry push', push),
    ...both('registry push again', push),
    ...both('registry first install', install('first')),
    ...both('registry install', install('again')),
  ];
}
