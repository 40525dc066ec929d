const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Default limits on input of unknown origin (hostile-inputs §0). Sizes in bytes, durations in milliseconds. */
export interface Limits {
  readonly manifestBytes: number;
  readonly ociDocumentBytes: number;
  readonly specCompressedBytes: number;
  readonly specBytes: number;
  readonly indexBytes: number;
  readonly errorBodyBytes: number;
  readonly jsonDepth: number;
  readonly yamlBytes: number;
  readonly yamlNodes: number;
  readonly tarPathBytes: number;
  readonly tarComponentBytes: number;
  readonly tarDepth: number;
  readonly tarEntries: number;
  readonly tarHeaderBytes: number;
  readonly tarHeaderValueBytes: number;
  readonly archiveBytes: number;
  /** The expansion ratio is looked at only past this many bytes of output. */
  readonly expansionFreeBytes: number;
  readonly expansionRatio: number;
}

export const DEFAULT_LIMITS: Limits = {
  manifestBytes: MIB,
  ociDocumentBytes: 4 * MIB,
  specCompressedBytes: 16 * MIB,
  specBytes: 128 * MIB,
  indexBytes: 2 * GIB,
  errorBodyBytes: MIB,
  jsonDepth: 128,
  yamlBytes: 16 * MIB,
  yamlNodes: 250_000,
  tarPathBytes: 4096,
  tarComponentBytes: 255,
  tarDepth: 256,
  tarEntries: 5_000_000,
  tarHeaderBytes: MIB,
  tarHeaderValueBytes: 64 * KIB,
  archiveBytes: 64 * GIB,
  expansionFreeBytes: 256 * MIB,
  expansionRatio: 1100,
};
