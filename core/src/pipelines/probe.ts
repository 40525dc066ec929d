import { BerthError, isAvailabilityFailure, messageOf } from '@berth/base';
import { createLimiter } from '@berth/base';
import { type MirrorEntry } from '@berth/buildcache';
import { type ConcreteSpec, type DagHash } from '@berth/spec';
import { type OpenMirror, type PipelineContext } from './context.ts';
import { labelOf } from './label.ts';

/** Where a package's binary is. */
export interface FoundBinary {
  readonly source: OpenMirror;
  readonly entry: MirrorEntry;
}

export interface ProbeOptions {
  /** The mirrors to ask for a package, in their order. */
  readonly mirrorsFor: (spec: ConcreteSpec) => readonly OpenMirror[];
  /** False: nothing is verified, on any mirror (`--no-check-signature`). */
  readonly checkSignatures: boolean;
}

/** How many questions are under way at once, over all mirrors. */
const CONCURRENT_QUESTIONS = 16;

/** A binary that was found, or why there is none. */
export type ProbeResult = { readonly found: FoundBinary } | { readonly error: BerthError };

/**
 * Asks the mirrors, in their order, for the binary of every spec, before anything is touched. A mirror that cannot answer
 * is passed over with a `decision` event; what a mirror answers wrongly is final for that package (hostile-inputs O1).
 */
export async function probeMirrors(
  specs: readonly ConcreteSpec[],
  options: ProbeOptions,
  context: PipelineContext,
): Promise<ReadonlyMap<DagHash, ProbeResult>> {
  const limit = createLimiter(CONCURRENT_QUESTIONS);
  const answers = await Promise.all(
    specs.map((spec) => limit(async () => [spec.hash, await probeOne(spec, options, context)] as const)),
  );
  return new Map(answers);
}

async function probeOne(spec: ConcreteSpec, options: ProbeOptions, context: PipelineContext): Promise<ProbeResult> {
  // A spliced spec is made from the binary of what it was built as (buildcache-formats §13).
  const asked = spec.buildSpec ?? spec;
  const reasons: string[] = [];
  for (const source of options.mirrorsFor(spec)) {
    try {
      const entry = await source.mirror.find(asked, { signal: context.signal });
      if (entry?.archive !== undefined) {
        checkSignature(spec, { source, entry }, options);
        context.emit({
          type: 'decision',
          subject: labelOf(spec),
          decision: `from mirror ${source.name}`,
          reason: because(reasons),
        });
        return { found: { source, entry } };
      }
      reasons.push(`${source.name} does not have it`);
    } catch (error) {
      context.signal.throwIfAborted();
      if (!isAvailabilityFailure(error)) return { error: asBerthError(error, spec) };
      reasons.push(`${source.name} did not answer (${messageOf(error)})`);
      context.emit({
        type: 'warning',
        code: error.code,
        message: `mirror ${source.name} passed over for ${labelOf(spec)}: ${error.message}`,
        hint: error.hint,
      });
    }
  }
  return { error: missing(spec, reasons) };
}

/**
 * Until a verifier is there, what must be signed is refused: a check that cannot be made is not a check that passed.
 */
function checkSignature(spec: ConcreteSpec, { source, entry }: FoundBinary, options: ProbeOptions): void {
  if (!options.checkSignatures || !source.signed) return;
  const found = entry.signed === 'none' ? 'it is not signed' : 'its signature cannot be verified by this version';
  throw new BerthError('signature', 'ERR_SIGNATURE_REQUIRED', `${labelOf(spec)} on mirror ${source.name}: ${found}`, {
    hint: `Set "signed: false" on mirror ${source.name} if you trust whoever writes to it, or use --no-check-signature once.`,
    details: { mirror: source.name, hash: spec.hash },
  });
}

function because(reasons: readonly string[]): string {
  return reasons.length === 0 ? 'the first mirror asked has it' : reasons.join('; ');
}

function missing(spec: ConcreteSpec, reasons: readonly string[]): BerthError {
  const why = reasons.length === 0 ? 'no binary mirror is configured' : reasons.join('; ');
  return new BerthError('notfound', 'ERR_NO_BINARY', `${labelOf(spec)}: no binary: ${why}`, {
    hint: 'Add a mirror that has it (berth mirror add), or push it from a machine where it is installed.',
    details: { hash: spec.hash },
  });
}

function asBerthError(error: unknown, spec: ConcreteSpec): BerthError {
  if (error instanceof BerthError) return error;
  return new BerthError('plugin', 'ERR_MIRROR_FAILED', `${labelOf(spec)}: ${messageOf(error)}`, { cause: error });
}
