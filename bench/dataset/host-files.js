// Which of this machine's files the packages are made of: the same choice whenever the machine is the same.
import { closeSync, lstatSync, openSync, readSync, readdirSync } from 'node:fs';

const ROOTS = ['/usr/lib', '/usr/share', '/usr/include', '/usr/bin', '/usr/local'];
const LEAST_BYTES = 64;
const MOST_BYTES = 64e6;
const SAMPLE_BYTES = 4096;
const SPECIAL_BITS = 0o7000;

/** How many files of each kind a whole data set has: about 1 GB in 12,000 files, as 30 packages of an HPC stack do. */
const WANTED = { elf: 700, ar: 95, text: 9_820, data: 1_250, link: 200 };

/**
 * @typedef {{ path: string, kind: keyof typeof WANTED, sizeBytes: number, isExecutable: boolean }} HostFile
 */

/**
 * The chosen files by kind, each kind in the order of paths. A machine with too few gives what it has.
 * @param {number} size Fraction of the whole data set.
 * @returns {Map<string, HostFile[]>}
 */
export function chooseHostFiles(size) {
  const found = new Map(Object.keys(WANTED).map((kind) => [kind, []]));
  for (const root of ROOTS) collect(root, found);
  const chosen = [...found].map(([kind, files]) => [kind, everyNth(files, Math.ceil(WANTED[kind] * size))]);
  return new Map(chosen);
}

function collect(root, found) {
  const open = [root];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of readableEntries(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) open.push(path);
      else if (entry.isSymbolicLink()) found.get('link').push({ path, kind: 'link', sizeBytes: 0 });
      else if (entry.isFile()) addFile(path, found);
    }
  }
}

/** Directories last to first, so that the stack gives them in the order of names. */
function readableEntries(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? 1 : -1));
  } catch {
    return [];
  }
}

function addFile(path, found) {
  const { size, mode } = lstatSync(path);
  if (size < LEAST_BYTES || size > MOST_BYTES || (mode & SPECIAL_BITS) !== 0) return;
  const kind = kindOf(path);
  if (kind === undefined) return;
  found.get(kind).push({ path, kind, sizeBytes: size, isExecutable: (mode & 0o100) !== 0 });
}

function kindOf(path) {
  const sample = sampleOf(path);
  if (sample === undefined) return undefined;
  if (sample.toString('latin1', 0, 4) === '\x7fELF') return 'elf';
  if (sample.toString('latin1', 0, 7) === '!<arch>') return 'ar';
  return sample.includes(0) || sample[0] === 0x1f ? 'data' : 'text';
}

function sampleOf(path) {
  let descriptor;
  try {
    descriptor = openSync(path);
    const bytes = Buffer.alloc(SAMPLE_BYTES);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, SAMPLE_BYTES, 0));
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** `count` of them, spread evenly over all sizes, so that their mean is that of all and a few files more or less change little. */
function everyNth(files, count) {
  if (files.length <= count) return files;
  const bySize = files.toSorted((a, b) => a.sizeBytes - b.sizeBytes);
  const chosen = Array.from(
    { length: count },
    (_, index) => bySize[Math.floor(((index + 0.5) * files.length) / count)],
  );
  return chosen.sort((a, b) => (a.path < b.path ? -1 : 1));
}
