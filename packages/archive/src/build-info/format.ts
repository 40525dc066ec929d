import { type BuildInfo } from './build-info.ts';
import { formatFlowYaml, type FlowValue } from './flow-yaml.ts';

/** The document as Spack writes it: one flow mapping on one line, keys in this order (buildcache-formats §4). */
export function formatBuildInfo(info: BuildInfo): string {
  const fields: [string, FlowValue][] = [];
  if (info.sbangInstallPath !== undefined) fields.push(['sbang_install_path', info.sbangInstallPath]);
  fields.push(['buildpath', info.buildPath]);
  if (info.spackPrefix !== undefined) fields.push(['spackprefix', info.spackPrefix]);
  if (info.relativePrefix !== undefined) fields.push(['relative_prefix', info.relativePrefix]);
  fields.push(
    ['hardlinks_deduped', info.hardLinksDeduped],
    ['hash_to_prefix', info.hashToPrefix],
    ['relocate_binaries', info.relocateBinaries],
    ['relocate_links', info.relocateLinks],
    ['relocate_textfiles', info.relocateTextFiles],
  );
  return `${formatFlowYaml(new Map(fields))}\n`;
}
