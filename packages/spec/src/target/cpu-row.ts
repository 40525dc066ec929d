/** Facts about one micro-architecture as the CPU database gives them. */
export interface CpuRow {
  readonly name: string;
  readonly vendor: string;
  readonly parents: readonly string[];
  /** Of POWER processors, else 0. */
  readonly generation: number;
  /** Of Arm processors, else empty. */
  readonly cpuPart: string;
  /** Separated by blanks, sorted. */
  readonly features: string;
  readonly compilers: Readonly<Record<string, readonly CompilerOptimization[]>>;
}

/** Flags of the compiler versions in `versions`; `{name}` and `{family}` in them stand for the fields. */
export interface CompilerOptimization {
  readonly versions: string;
  readonly flags: string;
  readonly name?: string;
  readonly family?: string;
}
