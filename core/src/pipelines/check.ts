import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BerthError, createLimiter, isBerthError, isSecurityFailure, messageOf, VerifyStream } from '@berth/base';
import { type BlobDescriptor, checkBinding, type Mirror, type MirrorEntry, readEntrySpec } from '@berth/buildcache';
import { type ConcreteSpec } from '@berth/spec';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';
import { readMirrorIndex } from './read-index.ts';

/** What a mirror has of a package. Only `present` can be installed. */
export type CheckStatus =
  | 'present'
  /** No manifest. */
  | 'missing'
  /** A manifest, but not every blob it names, with its size. */
  | 'incomplete'
  /** Something that is not what it claims to be; `error` says what. */
  | 'damaged'
  /** The mirror did not answer; `error` says why. */
  | 'unknown';

export interface CheckedPackage {
  readonly spec: ConcreteSpec;
  readonly status: CheckStatus;
  /** Whether the index lists it; `undefined` where the mirror has no usable index. */
  readonly indexed: boolean | undefined;
  readonly error?: BerthError | undefined;
}

/** What one mirror has of all packages, in their order. */
export interface MirrorCheck {
  readonly mirror: OpenMirror;
  readonly packages: readonly CheckedPackage[];
}

export interface CheckOptions {
  readonly specs: readonly ConcreteSpec[];
  readonly mirrors: readonly OpenMirror[];
  /** Read every blob and compare digests; otherwise presence and size are enough. */
  readonly verify: boolean;
}

/** Questions to one mirror at once. */
const CONCURRENCY = 16;

/**
 * Asks each mirror by itself whether it has the binaries of all packages. Externals have none and are passed over. What a mirror
 * answers, or that it does not, is in the result; only an abort, or a mirror whose settings are wrong, rejects.
 */
export async function checkMirrors(
  options: CheckOptions,
  context: Pick<PipelineContext, 'emit' | 'signal'>,
): Promise<readonly MirrorCheck[]> {
  const specs = options.specs.filter(({ external }) => external === undefined);
  const checks: MirrorCheck[] = [];
  for (const mirror of options.mirrors) {
    checks.push({ mirror, packages: await checkMirror(mirror, { ...options, specs }, context) });
  }
  return checks;
}

async function checkMirror(
  { mirror, name }: OpenMirror,
  { specs, verify }: CheckOptions,
  { emit, signal }: Pick<PipelineContext, 'emit' | 'signal'>,
): Promise<readonly CheckedPackage[]> {
  const missing = async (): Promise<string> => `mirror ${name} has no index`;
  await using index = await readMirrorIndex(mirror, { missing, emit, signal });
  const limit = createLimiter(CONCURRENCY);
  emit({ type: 'plan', kind: 'probe', packages: specs.length });
  const packages = await Promise.all(
    specs.map((spec) =>
      limit(async (): Promise<CheckedPackage> => {
        signal.throwIfAborted();
        // A spliced spec is made from the binary of what it was built as (buildcache-formats §13).
        const asked = spec.buildSpec ?? spec;
        const task = { id: `${name} ${spec.hash}`, kind: 'probe', label: `${labelOf(spec)} on ${name}` } as const;
        emit({ type: 'task-start', ...task });
        const onBytes = (bytes: number): void => {
          emit({ type: 'task-progress', id: task.id, bytes });
        };
        const answer = await answerOf(mirror, asked, { verify, onBytes, signal });
        emit({ type: 'task-end', ...task, outcome: 'done' });
        return { spec, indexed: index?.has(asked.hash), ...answer };
      }),
    ),
  );
  return packages;
}

type Answer = Pick<CheckedPackage, 'status' | 'error'>;

interface AskOptions {
  readonly verify: boolean;
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

async function answerOf(mirror: Mirror, asked: ConcreteSpec, options: AskOptions): Promise<Answer> {
  const { verify, signal } = options;
  try {
    if (await mirror.exists(asked, { signal })) {
      return { status: !verify || (await verifyEntry(mirror, asked, options)) ? 'present' : 'incomplete' };
    }
    return { status: (await mirror.find(asked, { signal })) === undefined ? 'missing' : 'incomplete' };
  } catch (cause) {
    signal.throwIfAborted();
    if (isBerthError(cause, 'ERR_BLOB_MISSING')) return { status: 'incomplete', error: cause };
    const error = isBerthError(cause)
      ? cause
      : new BerthError('plugin', 'ERR_MIRROR_FAILED', `${labelOf(asked)}: ${messageOf(cause)}`, { cause });
    return { status: isSecurityFailure(error) ? 'damaged' : 'unknown', error };
  }
}

/** False when the entry went away meanwhile. Rejects when a blob is not what the manifest says it is. */
async function verifyEntry(mirror: Mirror, asked: ConcreteSpec, options: AskOptions): Promise<boolean> {
  const { signal } = options;
  const entry = await mirror.find(asked, { signal });
  if (entry?.archive === undefined) return false;
  const what = `${labelOf(asked)} on mirror ${mirror.name}`;
  checkBinding(await readEntrySpec(mirror, entry, { signal }), asked, what);
  for (const [role, blob] of blobsOf(entry, entry.archive)) {
    const verify = new VerifyStream({ what: `${role} of ${what}`, digest: blob.digest, sizeBytes: blob.sizeBytes });
    await pipeline(await mirror.open(blob, { signal }), verify, countingSink(options.onBytes), { signal });
  }
  return true;
}

function blobsOf(entry: MirrorEntry, archive: BlobDescriptor): readonly (readonly [string, BlobDescriptor])[] {
  return [['archive', archive], ...entry.attachments.map((blob) => [blob.mediaType, blob] as const)];
}

function countingSink(onBytes: (bytes: number) => void): Writable {
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      onBytes(chunk.byteLength);
      done();
    },
  });
}
