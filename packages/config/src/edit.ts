import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BerthError, errnoCode, ioError, writeFileAtomic } from '@berth/base';
import { type ConfigSetting, parseConfigSetting } from './config-path.ts';
import { type Configuration } from './configuration.ts';
import { configError } from './errors.ts';
import { readConfigFile } from './scopes/files.ts';
import { type ConfigScope } from './scopes/scope.ts';
import { manifestSchema, mergedFileSchema, sectionFileSchema, type SectionName } from './sections/index.ts';
import { addSetting, removeSetting, sectionOfSetting, withoutSigns } from './settings.ts';
import { readMarks } from './validate.ts';
import { type MapEntry, type MapNode, mapNode, type Position } from './yaml/node.ts';
import { parseYamlValue } from './yaml/parse.ts';
import { rewriteYaml } from './yaml/rewrite.ts';

export interface EditOptions {
  readonly signal: AbortSignal;
  /** The name of the scope to write to; by default the one of configuration §2. */
  readonly scope?: string | undefined;
}

/**
 * Changes what `scope` itself says of one section and writes it back, everything else byte for byte (configuration §20).
 * `change` is given all sections of the file as written, not merged; when it returns them unchanged, nothing is written.
 */
export async function editScope(
  scope: ConfigScope,
  section: SectionName,
  options: { readonly signal: AbortSignal; readonly change: (sections: MapNode) => MapNode },
): Promise<ConfigEdit> {
  const { path, layout } = scope;
  if (path === undefined || layout === 'memory' || !scope.writable) {
    throw new BerthError('usage', 'ERR_CONFIG_SCOPE', `configuration scope ${scope.name}: it cannot be written to`, {
      hint: 'Choose another scope with --scope.',
    });
  }
  const file = layout === 'directory' ? join(path, `${section}.yaml`) : path;
  const text = (await readConfigFile(file, options)) ?? '';
  const root = readMarks(
    parseYamlValue(text, { file }) ?? mapNode([], { file }),
    layout === 'manifest' ? manifestSchema : layout === 'file' ? mergedFileSchema : sectionFileSchema(section),
  );
  if (root.kind !== 'map') throw configError(root.at, 'expected a mapping');
  const wanted = layout === 'manifest' ? editManifest(root, options.change) : keepOrder(root, options.change(root));
  const rewritten = rewriteYaml(text, withoutSigns(wanted), file);
  if (rewritten !== text) await writeConfigFile(file, rewritten);
  return { scope: scope.name, file, changed: rewritten !== text };
}

function editManifest(root: MapNode, change: (sections: MapNode) => MapNode): MapNode {
  const entry = root.entries.get('spack');
  const inner = entry?.value;
  if (entry === undefined || inner?.kind !== 'map')
    throw configError(root.at, 'expected a mapping that begins with "spack:"');
  const changed: MapEntry = { ...entry, value: keepOrder(inner, change(inner)) };
  return { ...root, entries: new Map([...root.entries, ['spack', changed]]) };
}

/** Sections stay where they are in a file; a new one comes last. */
function keepOrder(before: MapNode, after: MapNode): MapNode {
  const kept = [...before.entries.keys()].flatMap((key) => after.entries.get(key) ?? []);
  const added = [...after.entries.values()].filter((entry) => !before.entries.has(entry.key));
  return { ...after, entries: new Map([...kept, ...added].map((entry) => [entry.key, entry])) };
}

const PERMISSION_BITS = 0o777;

/** Replaces a configuration file in one step; a link stays a link and the mode stays what it was. */
export async function writeConfigFile(path: string, text: string): Promise<void> {
  try {
    const target = await realpath(path).catch((error: unknown) => {
      if (errnoCode(error) === 'ENOENT') return path;
      throw error;
    });
    const facts = await stat(target).catch(() => undefined);
    await mkdir(dirname(target), { recursive: true });
    await writeFileAtomic(target, text, facts === undefined ? {} : { mode: facts.mode & PERMISSION_BITS });
  } catch (error) {
    throw ioError(`configuration: writing ${path}`, error);
  }
}

/** What an edit did. */
export interface ConfigEdit {
  readonly scope: string;
  readonly file: string;
  /** False when the file said so already. */
  readonly changed: boolean;
}

type SettingChange = (sections: MapNode, setting: ConfigSetting, at: Position) => MapNode;

async function applySetting(
  configuration: Configuration,
  setting: ConfigSetting,
  options: EditOptions & { readonly apply: SettingChange },
): Promise<ConfigEdit> {
  const scope = configuration.scopeToModify(options.scope);
  const at = { file: `scope ${scope.name}` };
  const section = sectionOfSetting(setting.keys, at);
  const change = (sections: MapNode): MapNode => options.apply(sections, setting, at);
  return editScope(scope, section, { signal: options.signal, change });
}

/** `config add PATH:VALUE`: lists are joined, mappings merged, the rest replaced (configuration §7). */
export async function addConfig(
  configuration: Configuration,
  setting: string,
  options: EditOptions,
): Promise<ConfigEdit> {
  return applySetting(configuration, parseConfigSetting(setting), { ...options, apply: addSetting });
}

/** `config remove PATH:VALUE`: the element of a list, or the key. */
export async function removeConfig(
  configuration: Configuration,
  setting: string,
  options: EditOptions,
): Promise<ConfigEdit> {
  return applySetting(configuration, parseConfigSetting(setting), { ...options, apply: removeSetting });
}

/** `config add -f FILE`: everything a file says, section by section. */
export async function addConfigFile(
  configuration: Configuration,
  file: string,
  options: EditOptions,
): Promise<ConfigEdit[]> {
  const text = await readConfigFile(file, options);
  if (text === undefined) throw new BerthError('notfound', 'ERR_CONFIG_FILE', `configuration: ${file} does not exist`);
  const root = parseYamlValue(text, { file });
  if (root?.kind !== 'map') throw configError({ file, line: 1 }, 'expected a mapping of sections');
  const edits: ConfigEdit[] = [];
  for (const entry of root.entries.values()) {
    const keys = [{ name: entry.key, mark: entry.mark, quoted: true }];
    edits.push(await applySetting(configuration, { keys, value: entry.value }, { ...options, apply: addSetting }));
  }
  return edits;
}
