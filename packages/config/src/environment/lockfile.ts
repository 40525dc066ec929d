import { open } from 'node:fs/promises';
import {
  BerthError,
  DEFAULT_LIMITS,
  errnoCode,
  formatJson,
  ioError,
  JsonFields,
  jsonNumber,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  writeFileAtomic,
} from '@berth/base';
import { type ConcreteSpec, type DagHash, documentOrder, linkNodes, SPEC_FORMAT, verifyDagHash } from '@berth/spec';

/** The version of lock files that is written; all down to 1 are read (configuration §19). */
export const LOCKFILE_VERSION = 6;

/** The format of the nodes of each version. */
const SPEC_FORMATS: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5 };

export interface LockedRoot {
  /** The user's spec, as text. */
  readonly spec: string;
  readonly hash: DagHash;
  readonly concrete: ConcreteSpec;
}

/** Roots and the nodes they reach. */
export interface LockedSpecs {
  readonly roots: readonly LockedRoot[];
  /** Every node by DAG hash, in the order of the file. */
  readonly specs: ReadonlyMap<DagHash, ConcreteSpec>;
  /** What was taken over from other environments, by their folder (configuration §16.5). */
  readonly included: ReadonlyMap<string, LockedSpecs>;
}

/** A `spack.lock`. */
export interface Lockfile extends LockedSpecs {
  readonly version: number;
  /** What wrote it: `{"version": …, "type": …}`; absent in old files. */
  readonly writer: JsonObject | undefined;
  /** Keys berth does not know, kept when it is written again (hostile-inputs J10). */
  readonly extra: JsonObject;
}

const KNOWN_KEYS: ReadonlySet<string> = new Set(['_meta', 'spack', 'roots', 'concrete_specs', 'include_concrete']);

/**
 * Reads a lock file of any version (configuration §19). Everything wrong with it is `lock`: a newer version, text that is
 * not JSON, a missing node, a cycle, a hash that is not that of its node (hostile-inputs L01–L03).
 * @param what names the file in messages
 */
export function parseLockfile(input: string | Uint8Array, what: string): Lockfile {
  refuseConflictMarkers(input, what);
  const fields = new JsonFields(parseStrictJson(input, { what, kind: 'lock' }), { what, kind: 'lock' });
  const version = versionOf(fields, what);
  return {
    version,
    writer: fields.optionalFields('spack')?.object,
    extra: new Map([...fields.object].filter(([key]) => !KNOWN_KEYS.has(key))),
    ...lockedSpecs(fields, { what, version, pointer: '', depth: 0 }),
  };
}

/** The lock file at `path`; `undefined` when there is none. */
export async function readLockfile(
  path: string,
  options: { readonly signal: AbortSignal },
): Promise<Lockfile | undefined> {
  const bytes = await readWhole(path, options.signal);
  return bytes === undefined ? undefined : parseLockfile(bytes, `lock file ${path}`);
}

async function readWhole(path: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > DEFAULT_LIMITS.specBytes) {
        throw new BerthError('limit', 'ERR_LIMIT', `lock file ${path}: larger than ${DEFAULT_LIMITS.specBytes} bytes`);
      }
      return await file.readFile({ signal });
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw ioError(`lock file ${path}`, error);
  }
}

/** Replaces the file in one step, so that a reader sees the old or the new one (hostile-inputs L05). */
export async function writeLockfile(path: string, lockfile: Lockfile): Promise<void> {
  try {
    await writeFileAtomic(path, formatLockfile(lockfile));
  } catch (error) {
    throw ioError(`lock file ${path}`, error);
  }
}

/** The text of version 6: one line, no blank, no final newline (configuration §19). */
export function formatLockfile(lockfile: Lockfile): string {
  const meta: JsonObject = new Map<string, JsonValue>([
    ['file-type', 'spack-lockfile'],
    ['lockfile-version', jsonNumber(LOCKFILE_VERSION)],
    ['specfile-version', jsonNumber(SPEC_FORMAT)],
  ]);
  const document = new Map<string, JsonValue>([['_meta', meta]]);
  if (lockfile.writer !== undefined) document.set('spack', lockfile.writer);
  for (const [key, value] of lockedObject(lockfile)) document.set(key, value);
  for (const [key, value] of lockfile.extra) document.set(key, value);
  return formatJson(document);
}

function lockedObject({ roots, specs, included }: LockedSpecs): JsonObject {
  const object = new Map<string, JsonValue>([
    [
      'roots',
      roots.map(
        ({ hash, spec }) =>
          new Map<string, JsonValue>([
            ['hash', hash],
            ['spec', spec],
          ]),
      ),
    ],
    ['concrete_specs', new Map([...specs.values()].map((spec) => [spec.hash, spec.node]))],
  ]);
  if (included.size > 0) {
    object.set('include_concrete', new Map([...included].map(([path, locked]) => [path, lockedObject(locked)])));
  }
  return object;
}

export interface CreateLockfileOptions {
  readonly writer: JsonObject;
  readonly included?: ReadonlyMap<string, LockedSpecs>;
}

/** A lock file of the given roots, its nodes in the order in which they are written. */
export function createLockfile(
  roots: readonly { readonly spec: string; readonly concrete: ConcreteSpec }[],
  options: CreateLockfileOptions,
): Lockfile {
  const nodes = documentOrder(roots.map(({ concrete }) => concrete));
  return {
    version: LOCKFILE_VERSION,
    writer: options.writer,
    extra: new Map(),
    roots: roots.map(({ spec, concrete }) => ({ spec, hash: concrete.hash, concrete })),
    specs: new Map(nodes.map((node) => [node.hash, node])),
    included: options.included ?? new Map(),
  };
}

const CONFLICT = /^(?:<{7}|={7}|>{7})(?: |$)/m;

function refuseConflictMarkers(input: string | Uint8Array, what: string): void {
  const text = typeof input === 'string' ? input : new TextDecoder().decode(input);
  const match = CONFLICT.exec(text);
  if (match === null) return;
  const line = text.slice(0, match.index).split('\n').length;
  throw new BerthError('lock', 'ERR_LOCKFILE', `${what}: line ${line}: a conflict of version control was left in it`, {
    hint: 'Take one of the two sides, or remove the file and concretize again.',
    details: { line },
  });
}

function versionOf(fields: JsonFields, what: string): number {
  const meta = fields.fields('_meta');
  const type = meta.string('file-type');
  if (type !== 'spack-lockfile')
    throw meta.error('file-type', `it says ${JSON.stringify(type.slice(0, 60))}, not "spack-lockfile"`);
  const version = meta.count('lockfile-version');
  if (version in SPEC_FORMATS) return version;
  throw new BerthError(
    'lock',
    'ERR_LOCKFILE_VERSION',
    `${what}: lock file version ${version} is not known (known: 1 to ${LOCKFILE_VERSION})`,
    {
      hint: 'Use a newer berth, or remove the file and concretize again.',
      details: { version, newest: LOCKFILE_VERSION },
    },
  );
}

interface ReadContext {
  readonly what: string;
  readonly version: number;
  readonly pointer: string;
  readonly depth: number;
}

const MAX_INCLUDE_DEPTH = 16;

function lockedSpecs(fields: JsonFields, context: ReadContext): LockedSpecs {
  if (context.depth > MAX_INCLUDE_DEPTH)
    throw fields.error('include_concrete', `nested deeper than ${MAX_INCLUDE_DEPTH} levels`);
  const linked = linkAll(fields.fields('concrete_specs'), context);
  const specs = new Map([...linked.values()].map((spec) => [spec.hash, spec]));
  checkHashes(specs.values(), context);
  const roots = fields.eachFields('roots').map((root) => readRoot(root, linked));
  return { roots, specs, included: includedSpecs(fields, context) };
}

function readRoot(root: JsonFields, linked: ReadonlyMap<string, ConcreteSpec>): LockedRoot {
  const key = root.string('hash');
  const concrete = linked.get(key);
  if (concrete === undefined)
    throw root.error('hash', `${JSON.stringify(key.slice(0, 60))} is not among the concrete specs`);
  return { spec: root.string('spec'), hash: concrete.hash, concrete };
}

function linkAll(nodes: JsonFields, { what, version, pointer }: ReadContext): Map<string, ConcreteSpec> {
  const objects = new Map<string, JsonObject>();
  for (const key of nodes.object.keys()) objects.set(key, nodes.fields(key).object);
  return linkNodes(objects, {
    what,
    kind: 'lock',
    formatVersion: SPEC_FORMATS[version] ?? SPEC_FORMAT,
    pointerOf: (key) => `${pointer}/concrete_specs/${key}`,
  });
}

function checkHashes(specs: Iterable<ConcreteSpec>, { what }: ReadContext): void {
  for (const spec of specs) {
    if (verifyDagHash(spec) !== 'different') continue;
    throw new BerthError(
      'lock',
      'ERR_LOCKFILE',
      `${what}: ${spec.name}/${spec.hash}: the hash is not that of its node`,
      {
        hint: 'The file was changed by hand: restore it, or concretize again.',
        details: { hash: spec.hash, name: spec.name },
      },
    );
  }
}

function includedSpecs(fields: JsonFields, context: ReadContext): ReadonlyMap<string, LockedSpecs> {
  const included = fields.optionalFields('include_concrete');
  const result = new Map<string, LockedSpecs>();
  if (included === undefined) return result;
  for (const path of included.object.keys()) {
    const pointer = `${context.pointer}/include_concrete/${path}`;
    result.set(path, lockedSpecs(included.fields(path), { ...context, pointer, depth: context.depth + 1 }));
  }
  return result;
}
