/** What a package archive records for relocation in `.spack/binary_distribution` (buildcache-formats §4). */
export interface BuildInfo {
  /** Absolute path of the `sbang` script of the install tree that the package was packed from. */
  readonly sbangInstallPath?: string;
  /** Install tree root, with padding. */
  readonly buildPath: string;
  /** Prefix of the package manager that packed it; informational. */
  readonly spackPrefix?: string;
  /** Prefix of the package relative to `buildPath`; informational. */
  readonly relativePrefix?: string;
  /** The lists name only the first path of each group of hard links. */
  readonly hardLinksDeduped: boolean;
  /** DAG hash to absolute prefix, of the package and what it links to or runs with, in order. */
  readonly hashToPrefix: ReadonlyMap<string, string>;
  /** Paths below the prefix, in archive order. */
  readonly relocateBinaries: readonly string[];
  readonly relocateLinks: readonly string[];
  readonly relocateTextFiles: readonly string[];
  /** Search paths were made relative by an old writer; only worth a warning. */
  readonly relativeRpaths: boolean;
}

/** Where the build info lies below the prefix. */
export const BUILD_INFO_PATH = '.spack/binary_distribution';
