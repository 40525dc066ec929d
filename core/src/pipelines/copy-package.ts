import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BerthError } from '@berth/base';
import { storeArchive } from '@berth/archive';
import {
  type BlobCache,
  type BlobDescriptor,
  type BlobPlace,
  checkBinding,
  fileSource,
  type Mirror,
  type MirrorEntry,
  mirrorSource,
  type PackedArchive,
  readEntrySpec,
  type SizedBlob,
} from '@berth/buildcache';
import { type ConcreteSpec, linkRunClosure } from '@berth/spec';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';

export interface CopyOptions {
  readonly source: OpenMirror;
  readonly target: OpenMirror;
  /** Replace what the target has. */
  readonly force: boolean;
  /** Archives that have to be looked into go through here. */
  readonly cache: BlobCache;
}

type Context = Pick<PipelineContext, 'emit' | 'signal'>;

/** A package on the source that is what it was asked for. */
export interface BoundEntry {
  readonly spec: ConcreteSpec;
  readonly entry: MirrorEntry;
  readonly archive: BlobDescriptor;
}

/**
 * Finds a package on the source and ties its document to the hash that was asked for (hostile-inputs J14). Rejects with `notfound` when it
 * is not there, with `signature` when the target wants signatures and it has none.
 */
export async function bindEntry(
  spec: ConcreteSpec,
  { source, target }: CopyOptions,
  { signal }: Context,
): Promise<BoundEntry> {
  const label = labelOf(spec);
  const entry = await source.mirror.find(spec, { signal });
  if (entry?.archive === undefined) {
    const why = 'it is listed and not there';
    throw new BerthError('notfound', 'ERR_NO_BINARY', `${label} on mirror ${source.name}: ${why}`, {
      hint: `Bring the index up to date: berth buildcache update-index ${source.name}.`,
    });
  }
  if (target.signed && entry.signed === 'none') {
    throw new BerthError('signature', 'ERR_SIGNATURE_REQUIRED', `${label} on mirror ${source.name}: it is not signed`, {
      hint: `Copy it with --unsigned, or set "signed: false" on mirror ${target.name}.`,
      details: { mirror: target.name, hash: spec.hash },
    });
  }
  checkBinding(await readEntrySpec(source.mirror, entry, { signal }), spec, `${label} from mirror ${source.name}`);
  return { spec, entry, archive: entry.archive };
}

/** Copies a package as it is stored, signatures and all; false when the target has another format. */
export async function copyAsStored(
  { entry }: BoundEntry,
  { source, target, force }: CopyOptions,
  { signal, onBytes }: Context & { readonly onBytes: (bytes: number) => void },
): Promise<boolean> {
  const other = countingPlace(source.mirror, onBytes);
  return (await target.mirror.copyFrom?.(other, entry, { signal, force })) ?? false;
}

function countingPlace(mirror: Mirror, onBytes: (bytes: number) => void): BlobPlace {
  return {
    name: mirror.name,
    open: async (blob, options) => {
      const count = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          onBytes(chunk.byteLength);
          done(null, chunk);
        },
      });
      // A failure of either end reaches whoever reads.
      pipeline(await mirror.open(blob, options), count, options).catch(() => undefined);
      return count;
    },
  };
}

/** An archive that was verified whole, on its way to a target of another format. */
export interface ForeignArchive {
  readonly archive: PackedArchive;
  /** The same bytes from the source, for when the file is gone. */
  readonly again: PackedArchive;
}

/** Downloads and verifies the archive of a package, and hands it to `use` as long as it lies here. */
export async function withForeignArchive<T>(
  bound: BoundEntry,
  { source, cache }: CopyOptions,
  {
    signal,
    onBytes,
    use,
  }: Context & {
    readonly onBytes: (bytes: number) => void;
    readonly use: (foreign: ForeignArchive) => Promise<T>;
  },
): Promise<T> {
  const { archive: blob, spec } = bound;
  const what = `archive of ${labelOf(spec)} from mirror ${source.name}`;
  await using spool = await cache.openSpool();
  const { diffId, sizeBytes } = await storeArchive({
    source: await source.mirror.open(blob, { signal }),
    to: spool.path,
    what,
    expected: { digest: blob.digest, sizeBytes: blob.sizeBytes },
    signal,
    onBytes,
  });
  const { digest } = blob;
  const sized: SizedBlob = { ...blob, sizeBytes };
  return await use({
    archive: { digest, diffId, source: await fileSource(spool.path) },
    again: { digest, diffId, source: mirrorSource(source.mirror, sized, what) },
  });
}

/**
 * What has to be made anew loses its signature: refused where somebody relies on signatures, on either side, and told otherwise.
 */
export function requireUnsigned({ spec, entry }: BoundEntry, { source, target }: CopyOptions, { emit }: Context): void {
  const label = `${labelOf(spec)} from mirror ${source.name} to ${target.name}`;
  if (source.signed || target.signed) {
    const who = source.signed ? source.name : target.name;
    throw new BerthError('signature', 'ERR_SIGNATURE_LOST', `${label}: its document has to be made anew, unsigned`, {
      hint: `Copy it with --unsigned, or set "signed: false" on mirror ${who}.`,
      details: { mirror: who, hash: spec.hash },
    });
  }
  if (entry.signed === 'none') return;
  emit({
    type: 'warning',
    code: 'SIGNATURE_LOST',
    message: `${label}: copied without its signature: its document has to be made anew`,
    hint: 'Signatures survive between mirrors of one format.',
  });
}

/** Publishes a package of another format anew. */
export async function publishForeign(
  { spec }: BoundEntry,
  archive: PackedArchive,
  { target, signal }: { readonly target: OpenMirror; readonly signal: AbortSignal },
): Promise<void> {
  const outcome = await target.mirror.publish?.(
    {
      spec,
      closure: linkRunClosure([spec])
        .filter(({ external }) => external === undefined)
        .toReversed(),
      archive,
      installedAt: undefined,
      runEnvironment: [],
      seal: undefined,
      attachments: [],
    },
    // Whoever copies has asked whether it is there: what is there is damaged, or to be replaced.
    { signal, force: true },
  );
  if (outcome !== undefined) return;
  throw new BerthError('usage', 'ERR_MIRROR_READONLY', `copy to mirror ${target.name}: it is read-only`);
}
