import { bytesSource, sha256Of } from '@berth/base';
import { type Mirror, parseSpecBlob, type Publication } from '@berth/buildcache';
import { type ContractCase } from './contract.ts';
import { GOLDEN_SPEC } from './golden-spec.ts';

/** An empty build cache of the author's. */
export interface MirrorContext extends AsyncDisposable {
  readonly mirror: Mirror;
}

export type MirrorCase = ContractCase<MirrorContext>;

/** A case with its type. */
export const mirrorCase = (each: MirrorCase): MirrorCase => each;

/** One that is never aborted. */
export const signal: AbortSignal = new AbortController().signal;

/** Larger than anything that the cases store. Bytes. */
export const LIMIT: number = 1024 * 1024;

export const publishes = ({ mirror }: MirrorContext): boolean => mirror.publish !== undefined;

/** A publication of the golden spec whose archive is `bytes`: a mirror does not look inside. */
export async function publicationOf(bytes: string | Buffer): Promise<Publication> {
  const spec = await parseSpecBlob(Buffer.from(GOLDEN_SPEC), 'golden spec');
  const digest = sha256Of(bytes);
  return {
    spec,
    closure: [spec],
    prefix: '/opt/golden/store/gcc-runtime',
    archive: { source: bytesSource(bytes), digest, diffId: digest },
    installedAt: undefined,
    runEnvironment: [],
    seal: undefined,
    attachments: [],
  };
}

/** What a mirror lists. */
export async function hashesOf(mirror: Mirror): Promise<readonly string[]> {
  const hashes: string[] = [];
  for await (const { hash } of mirror.list({ signal })) hashes.push(hash);
  return hashes;
}
