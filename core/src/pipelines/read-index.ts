import { type Emit, isAvailabilityFailure, messageOf } from '@berth/base';
import { type Mirror, type PackageIndex } from '@berth/buildcache';

export interface ReadMirrorIndexOptions {
  /** What to warn of when the mirror has no index: one sentence. */
  readonly missing: () => Promise<string>;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** The index of a mirror. One that is not there or cannot be read is `undefined`, with a warning (hostile-inputs X01). */
export async function readMirrorIndex(
  mirror: Mirror,
  { missing, emit, signal }: ReadMirrorIndexOptions,
): Promise<PackageIndex | undefined> {
  try {
    const index = await mirror.index({ signal });
    if (index === undefined) {
      const hint = `Make one: berth buildcache update-index ${mirror.name}.`;
      emit({ type: 'warning', code: 'NO_INDEX', message: await missing(), hint });
    }
    return index;
  } catch (error) {
    signal.throwIfAborted();
    if (!isAvailabilityFailure(error)) throw error;
    emit({
      type: 'warning',
      code: error.code,
      message: `mirror ${mirror.name} passed over: ${messageOf(error)}`,
      hint: error.hint,
    });
    return undefined;
  }
}
