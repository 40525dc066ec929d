// Puts packages into an install tree, with what relocation has to find in them.
import { execFile } from 'node:child_process';
import { appendFileSync, chmodSync, copyFileSync, lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import {
  DEFAULT_PERMISSIONS,
  DEFAULT_PROJECTIONS,
  openStore,
  writeInstallManifest,
  writePrefixSpec,
} from '@berth/store';

const run = promisify(execFile);
/** One text file of so many names its prefix, and one binary of so many holds it as a string. */
const TEXT_STEP = 12;
const STRING_STEP = 4;
/** patchelf takes long for larger ones. */
const MOST_PATCHED_BYTES = 24e6;

/**
 * Writes prefixes and the database.
 * @param {string} root
 * @param {{ plans: import('./packages.js').PackagePlan[], specs: Map<string, import('@berth/spec').ConcreteSpec> }} packages
 * @returns {Promise<{ name: string, hash: string, prefix: string, isAlone: boolean, files: number, sizeBytes: number }[]>}
 */
export async function writeTree(root, { plans, specs }) {
  const signal = new AbortController().signal;
  const store = await openTree(root, signal);
  const prefixOf = (name) => store.layout.defaultPrefix(specs.get(name));
  const installed = plans.filter(({ isInstalled = true }) => isInstalled);
  for (const plan of installed) {
    const prefix = prefixOf(plan.name);
    mkdirSync(prefix, { recursive: true });
    await writeFiles(plan, prefix, plan.links.map(prefixOf));
    await writePrefixSpec(prefix, specs.get(plan.name));
    await writeInstallManifest(prefix, { signal });
  }
  await store.database.transaction(
    async (transaction) => {
      for (const { name, runs } of installed) await transaction.add(specs.get(name), { explicit: runs.length > 0 });
    },
    { signal },
  );
  return installed.map(({ name, files, links, runs }) => ({
    name,
    hash: specs.get(name).hash,
    prefix: prefixOf(name),
    isAlone: links.length + runs.length === 0,
    files: files.length,
    sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }));
}

async function openTree(root, signal) {
  return openStore({
    root,
    projections: DEFAULT_PROJECTIONS,
    permissionsOf: () => DEFAULT_PERMISSIONS,
    allowSgid: true,
    databaseLockTimeoutMs: 60_000,
    packageLockTimeoutMs: undefined,
    locks: true,
    upstreams: [],
    emit: () => undefined,
    signal,
  });
}

async function writeFiles({ files }, prefix, dependencies) {
  const counts = { text: 0, elf: 0 };
  const programs = [];
  const placeOf = ({ path }) => join(prefix, path.replace(/^\/usr\//, ''));
  const [aim] = files.filter(({ kind }) => kind !== 'link').map(placeOf);
  for (const file of files) {
    const target = placeOf(file);
    mkdirSync(dirname(target), { recursive: true });
    if (file.kind === 'link') {
      addLink(file, target, aim);
      continue;
    }
    copyFileSync(file.path, target);
    chmodSync(target, file.isExecutable ? 0o755 : 0o644);
    if (file.kind === 'elf' && file.sizeBytes <= MOST_PATCHED_BYTES) programs.push(target);
    if (file.kind in counts) counts[file.kind] += 1;
    if (file.kind === 'text' && counts.text % TEXT_STEP === 0) appendFileSync(target, `\nprefix=${prefix}\n`);
  }
  await setSearchPaths(programs, [prefix, ...dependencies].map((one) => `${one}/lib`).join(':'));
  for (const [index, target] of programs.entries()) {
    if (index % STRING_STEP === 0) appendFileSync(target, `\0${prefix}/share/data\0`);
  }
}

/** Relative links stay as they are; absolute ones are made to point at a file of the package, so that they are relocated. */
function addLink({ path }, target, aim) {
  if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) return;
  const text = readlinkSync(path);
  if (!text.startsWith('/')) symlinkSync(text, target);
  else if (aim !== undefined) symlinkSync(aim, target);
}

/** Files that are linked statically, or are no programs at all, keep what they have; so do all where patchelf is missing. */
async function setSearchPaths(programs, searchPath) {
  for (const path of programs) {
    try {
      await run('patchelf', ['--set-rpath', searchPath, path]);
    } catch (error) {
      if (error.code === 'ENOENT') return;
    }
  }
}
