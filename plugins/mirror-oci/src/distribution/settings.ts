import { DEFAULT_LIMITS } from '@berth/base';

const MIB = 1024 * 1024;

/** Sizes in bytes, durations in milliseconds. */
export interface DistributionLimits {
  readonly manifestBytes: number;
  /** One page of a tag list; some registries send every tag in one. */
  readonly tagPageBytes: number;
  readonly tagPages: number;
  /** A blob up to this size goes in one request. */
  readonly wholeBytes: number;
  /** A larger one goes in pieces of at most this size: what a broken connection can cost. */
  readonly chunkBytes: number;
  /** Pieces shrink to this on a bad connection. */
  readonly smallestChunkBytes: number;
  /** In a row, without a byte that the registry accepted. */
  readonly fruitlessAttempts: number;
  /** Since the upload last got further than ever before. */
  readonly stalledMs: number;
  /** Of one upload whose sessions die with their connections. */
  readonly lostSessions: number;
}

export const DEFAULT_DISTRIBUTION_LIMITS: DistributionLimits = {
  manifestBytes: DEFAULT_LIMITS.ociDocumentBytes,
  tagPageBytes: 64 * MIB,
  tagPages: 100_000,
  wholeBytes: 8 * MIB,
  chunkBytes: 8 * MIB,
  smallestChunkBytes: MIB / 16,
  fruitlessAttempts: 8,
  stalledMs: 300_000,
  lostSessions: 100,
};
