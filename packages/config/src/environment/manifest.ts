import { join } from 'node:path';
import { BerthError } from '@berth/base';
import { configError } from '../errors.ts';
import { readConfigFile } from '../scopes/files.ts';
import { type ConfigScope } from '../scopes/scope.ts';
import { type MapNode, nodeAt } from '../yaml/node.ts';
import { parseYamlValue } from '../yaml/parse.ts';
import { MANIFEST_NAME } from './find.ts';

/** A `spack.yaml` as it was read. */
export interface ManifestText {
  readonly path: string;
  readonly text: string;
  readonly root: MapNode;
}

/** Reads `spack.yaml`. A folder without one is ERR_ENVIRONMENT_NOT_FOUND; one that is no mapping is `config`. */
export async function readManifest(
  directory: string,
  options: { readonly signal: AbortSignal },
): Promise<ManifestText> {
  const path = join(directory, MANIFEST_NAME);
  const text = await readConfigFile(path, options);
  if (text === undefined) {
    throw new BerthError(
      'notfound',
      'ERR_ENVIRONMENT_NOT_FOUND',
      `environment ${directory}: there is no ${MANIFEST_NAME}`,
    );
  }
  const root = parseYamlValue(text, { file: path });
  if (root?.kind !== 'map') throw configError({ file: path, line: 1 }, 'expected a mapping that begins with "spack:"');
  return { path, text, root };
}

/** What an environment may not decide: where environments are (configuration §11). */
export function checkEnvironmentSections(scope: ConfigScope): void {
  const forbidden = nodeAt(scope.section('config')?.value, ['environments_root']);
  if (forbidden === undefined) return;
  throw configError(forbidden.at, 'config:environments_root cannot be set in an environment', {
    hint: 'Set it in the user scope.',
  });
}
