import { BerthError } from '@berth/base';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { databaseDirectoryOf } from '../layout/layout.ts';
import { readIndexFile } from './index-file.ts';
import { DatabaseSnapshot } from './snapshot.ts';

/** An install tree that is only read. */
export interface UpstreamTree {
  readonly name: string;
  readonly root: string;
}

export interface ReadUpstreamsOptions {
  readonly defaultPrefix: (spec: ConcreteSpec) => string;
  readonly onMissingDependency: (parent: DagHash, child: string) => void;
  readonly signal: AbortSignal;
}

/** Versions that are read without conversion (store-and-specs-on-disk C.5). */
const READABLE_VERSIONS: ReadonlySet<string> = new Set(['6', '7', '8']);

/**
 * The databases of the upstreams, in their order; each sees those that come after it (store-and-specs-on-disk C.10). They
 * are neither locked nor written. Rejects with ERR_DATABASE_VERSION or ERR_DATABASE_FORMAT (`index`).
 */
export async function readUpstreams(
  trees: readonly UpstreamTree[],
  options: ReadUpstreamsOptions,
): Promise<readonly DatabaseSnapshot[]> {
  let later: readonly DatabaseSnapshot[] = [];
  for (const tree of [...trees].reverse()) {
    options.signal.throwIfAborted();
    later = [await readUpstream(tree, later, options), ...later];
  }
  return later;
}

async function readUpstream(
  { name, root }: UpstreamTree,
  upstreams: readonly DatabaseSnapshot[],
  { defaultPrefix, onMissingDependency }: ReadUpstreamsOptions,
): Promise<DatabaseSnapshot> {
  const what = `database of upstream ${name}`;
  const { index } = await readIndexFile(databaseDirectoryOf(root));
  if (!READABLE_VERSIONS.has(index.version)) {
    throw new BerthError('index', 'ERR_DATABASE_VERSION', `read ${what}: ${root}: it has version ${index.version}`, {
      hint: 'Ask the owner of the upstream to bring its database up to date, or remove it from upstreams.yaml.',
      details: { name, root, version: index.version },
    });
  }
  return new DatabaseSnapshot({ index, what, upstreams, defaultPrefix, onMissingDependency });
}
