import { relative } from 'node:path';
import { formatBuildInfo, type PackedArchive, type Relocations, writePackage } from '@berth/archive';
import { type PlannedPush } from './push-plan.ts';
import { embeddedSpecs, type LocalPlaces } from './relocation-map.ts';

export interface PackOptions {
  readonly planned: PlannedPush;
  readonly local: LocalPlaces;
  /** Recorded in the package, for people: where the program that packed it lives. */
  readonly spackRoot: string;
  /** The file to write; must not exist. */
  readonly to: string;
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

/** Packs an installed package with the facts that relocation needs elsewhere (buildcache-formats §3, §4). */
export async function packPackage(options: PackOptions): Promise<PackedArchive> {
  const { planned, local, spackRoot, to, signal, onBytes } = options;
  const { spec, prefix } = planned;
  const prefixes = new Map(embeddedSpecs(spec).map((one) => [one.hash as string, local.prefixOf(one)]));
  const format = (relocations: Relocations): Uint8Array => {
    const buildInfo = formatBuildInfo({
      sbangInstallPath: local.sbangPath,
      buildPath: local.root,
      spackPrefix: spackRoot,
      relativePrefix: relative(local.root, prefix),
      hardLinksDeduped: true,
      hashToPrefix: prefixes,
      relativeRpaths: false,
      ...relocations,
    });
    return Buffer.from(buildInfo);
  };
  const buildInfo = { prefixes: [...prefixes.values(), local.sbangPath, local.root], format };
  return writePackage({ prefix, buildInfo, to, signal, onBytes });
}
