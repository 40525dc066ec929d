import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BerthError, errnoCode, ioError } from '@berth/base';
import { writeConfigFile } from '../edit.ts';
import { type ConfigNode, fromData, type ListNode, type MapNode, nodeAt, replaceAt, stringNode } from '../yaml/node.ts';
import { rewriteYaml } from '../yaml/rewrite.ts';
import { LOCKFILE_NAME, MANIFEST_NAME } from './find.ts';
import { type ManifestText, readManifest } from './manifest.ts';

export interface EditEnvironmentOptions {
  readonly signal: AbortSignal;
  /** A list of `definitions:` instead of `specs:`. */
  readonly list?: string | undefined;
}

/** Adds specs at the end of a list of the manifest; texts that stand there already are left out. Returns those added. */
export async function addEnvironmentSpecs(
  directory: string,
  specs: readonly string[],
  options: EditEnvironmentOptions,
): Promise<string[]> {
  const added: string[] = [];
  await editList(directory, options, (items) => {
    const present = new Set(items.map((item) => (item.kind === 'scalar' ? item.text : '')));
    for (const spec of specs) {
      if (present.has(spec)) continue;
      present.add(spec);
      added.push(spec);
    }
    return [...items, ...added.map((spec) => stringNode(spec))];
  });
  return added;
}

/** Removes the specs of a list that `matches`; matrices and references stay. Returns those removed. */
export async function removeEnvironmentSpecs(
  directory: string,
  matches: (text: string) => boolean,
  options: EditEnvironmentOptions,
): Promise<string[]> {
  const removed: string[] = [];
  await editList(directory, options, (items) =>
    items.filter((item) => {
      if (item.kind !== 'scalar' || item.type !== 'string' || !matches(item.text)) return true;
      removed.push(item.text);
      return false;
    }),
  );
  return removed;
}

type ItemsChange = (items: readonly ConfigNode[]) => readonly ConfigNode[];

async function editList(directory: string, options: EditEnvironmentOptions, change: ItemsChange): Promise<void> {
  const manifest = await readManifest(directory, options);
  const root = changedList(manifest, options.list, change);
  const text = rewriteYaml(manifest.text, root, manifest.path);
  if (text !== manifest.text) await writeConfigFile(manifest.path, text);
}

function changedList(manifest: ManifestText, name: string | undefined, change: ItemsChange): MapNode {
  const path = name === undefined ? ['spack', 'specs'] : definitionPath(manifest, name);
  const list = nodeAt(manifest.root, path);
  const before: ListNode =
    list?.kind === 'list' ? list : { kind: 'list', items: [], flow: false, at: manifest.root.at };
  const items = change(before.items);
  return replaceIn(manifest.root, path, { ...before, flow: before.flow && before.items.length > 0, items });
}

/** The first definition of that name. */
function definitionPath(manifest: ManifestText, name: string): (string | number)[] {
  const definitions = nodeAt(manifest.root, ['spack', 'definitions']);
  const index =
    definitions?.kind === 'list' ? definitions.items.findIndex((item) => nodeAt(item, [name]) !== undefined) : -1;
  if (index >= 0) return ['spack', 'definitions', index, name];
  throw new BerthError(
    'usage',
    'ERR_SPEC_LIST',
    `environment ${manifest.path}: there is no list "${name}" under definitions`,
  );
}

function replaceIn(node: MapNode, path: readonly (string | number)[], value: ConfigNode): MapNode {
  const index = path.findIndex((step) => typeof step === 'number');
  if (index < 0) return replaceAt(node, path.map(String), value) as MapNode;
  const outer = path.slice(0, index).map(String);
  const list = nodeAt(node, outer) as ListNode;
  const place = path[index];
  const inner = path.slice(index + 1).map(String);
  const items = list.items.map((item, at) => (at === place ? replaceAt(item, inner, value) : item));
  return replaceAt(node, outer, { ...list, items }) as MapNode;
}

export interface CreateEnvironmentOptions {
  readonly signal: AbortSignal;
  /** `false` for none, a path for one elsewhere; the default view otherwise. */
  readonly view?: boolean | string;
  readonly unify?: boolean | 'when_possible';
  readonly specs?: readonly string[];
}

const HEADER = `# This environment is described here; its exact versions are in spack.lock.
# Add specs below, then run: berth concretize
`;

/** Makes a folder an environment; one that is there already is ERR_ENVIRONMENT_EXISTS (configuration §16.3, §16.4). */
export async function createEnvironment(directory: string, options: CreateEnvironmentOptions): Promise<string> {
  const { view = true, unify = true, specs = [] } = options;
  for (const name of [MANIFEST_NAME, LOCKFILE_NAME]) {
    if (!(await exists(join(directory, name)))) continue;
    throw new BerthError('usage', 'ERR_ENVIRONMENT_EXISTS', `environment ${directory}: there is a ${name} already`);
  }
  const path = join(directory, MANIFEST_NAME);
  const manifest = fromData({ spack: { specs, view, concretizer: { unify } } }) as MapNode;
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    throw ioError(`environment ${directory}`, error);
  }
  options.signal.throwIfAborted();
  await writeConfigFile(path, rewriteYaml(HEADER, manifest, path));
  return path;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return false;
    throw ioError(`environment ${path}`, error);
  }
}
