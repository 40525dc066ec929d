import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Emit, isBerthError } from '@berth/base';
import { configError } from '../errors.ts';
import {
  manifestSchema,
  mergedFileSchema,
  SECTION_NAMES,
  SECTION_SCHEMAS,
  sectionFileSchema,
  type SectionName,
} from '../sections/index.ts';
import { checkNode, readMarks, warnUnknownKeys } from '../validate.ts';
import { type ConfigNode, type MapEntry, type MapNode, mapNode, replaceAt } from '../yaml/node.ts';
import { parseYamlValue } from '../yaml/parse.ts';
import { readConfigFile } from './files.ts';
import { type ShippedSettings } from './shipped.ts';
import { type ConfigScope, type ScopePriority } from './scope.ts';
import { type UpgradeContext, upgradeSection } from './upgrade.ts';

/** What is decided about a scope before it is opened. */
export interface ScopeSettings {
  readonly name: string;
  readonly priority: ScopePriority;
  readonly writable: boolean;
  readonly preferModify?: boolean;
  readonly included?: boolean;
  readonly includes?: readonly ConfigScope[];
}

export interface OpenContext extends UpgradeContext {
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Sections by name, each parsed once. */
type Reader = (name: SectionName) => MapEntry | undefined;

function makeScope(
  settings: ScopeSettings,
  place: Pick<ConfigScope, 'layout' | 'path' | 'exists'>,
  reader: Reader,
): ConfigScope {
  const known = new Map<SectionName, MapEntry | undefined>();
  const section: Reader = (name) => {
    if (!known.has(name)) known.set(name, reader(name));
    return known.get(name);
  };
  return {
    name: settings.name,
    ...place,
    priority: settings.priority,
    writable: settings.writable,
    preferModify: settings.preferModify ?? false,
    included: settings.included ?? false,
    includes: settings.includes ?? [],
    section,
    all: () => mapNode(SECTION_NAMES.map((name) => section(name)).filter((entry) => entry !== undefined)),
  };
}

/** The same scope with what it includes. */
export function withIncludes(scope: ConfigScope, includes: readonly ConfigScope[]): ConfigScope {
  return { ...scope, includes };
}

function finishSection(name: SectionName, entry: MapEntry | undefined, context: OpenContext): MapEntry | undefined {
  if (entry === undefined) return undefined;
  const value = upgradeSection(name, entry.value, context);
  warnUnknownKeys(value, SECTION_SCHEMAS[name], context.emit);
  return { ...entry, value };
}

/** A folder with one file per section. The files are read at once, and parsed when their section is asked for. */
export async function openDirectoryScope(
  path: string,
  settings: ScopeSettings,
  context: OpenContext,
): Promise<ConfigScope> {
  const texts = new Map<SectionName, string>();
  const failures = new Map<SectionName, unknown>();
  for (const name of SECTION_NAMES) {
    try {
      const text = await readConfigFile(join(path, `${name}.yaml`), context);
      if (text !== undefined) texts.set(name, text);
    } catch (error) {
      // A section that cannot be read fails those who ask for it.
      if (!isBerthError(error)) throw error;
      failures.set(name, error);
    }
  }
  const exists =
    texts.size > 0 ||
    (await stat(path).then(
      (facts) => facts.isDirectory(),
      () => false,
    ));
  return makeScope(settings, { layout: 'directory', path, exists }, (name) => {
    if (failures.has(name)) throw failures.get(name);
    const text = texts.get(name);
    if (text === undefined) return undefined;
    return finishSection(name, parseSectionFile(text, name, join(path, `${name}.yaml`), context), context);
  });
}

/** The one section of a section file, checked; `undefined` for an empty file. */
function parseSectionFile(
  text: string,
  name: SectionName,
  file: string,
  context: UpgradeContext,
): MapEntry | undefined {
  const root = parseYamlValue(text, { file });
  if (root === undefined) return undefined;
  const checked = checkedSections(root, sectionFileSchema(name), [name], context);
  return checked.entries.get(name);
}

/** Marks read, older forms upgraded, everything checked. */
function checkedSections(
  root: ConfigNode,
  schema: Parameters<typeof checkNode>[1],
  path: readonly string[],
  context: UpgradeContext,
): MapNode {
  const marked = readMarks(root, schema);
  if (marked.kind !== 'map')
    throw configError(root.at, `expected a mapping that begins with "${path[0] ?? 'config'}:"`);
  const upgraded = upgradeAll(marked, context);
  checkNode(upgraded, schema);
  return upgraded;
}

function upgradeAll(root: MapNode, context: UpgradeContext): MapNode {
  const entries = [...root.entries].map(([key, entry]): [string, MapEntry] => {
    const name = SECTION_NAMES.find((section) => section === key);
    return [key, name === undefined ? entry : { ...entry, value: upgradeSection(name, entry.value, context) }];
  });
  return { ...root, entries: new Map(entries) };
}

/** One file with many sections (configuration §1). A missing file is an empty scope. */
export async function openFileScope(path: string, settings: ScopeSettings, context: OpenContext): Promise<ConfigScope> {
  const text = await readConfigFile(path, context);
  const place = { layout: 'file', path, exists: text !== undefined } as const;
  let sections: MapNode | undefined;
  const read = (): MapNode => {
    const root = text === undefined ? undefined : parseYamlValue(text, { file: path });
    return root === undefined ? mapNode([]) : checkedSections(root, mergedFileSchema, [], context);
  };
  return makeScope(settings, place, (name) => {
    sections ??= read();
    return finishSection(name, sections.entries.get(name), context);
  });
}

/** The `spack:` of a manifest, checked whole at once. */
export function openManifestScope(
  manifest: { readonly path: string; readonly root: MapNode },
  settings: ScopeSettings,
  context: OpenContext,
): ConfigScope {
  const sections = checkedManifest(manifest.root, context);
  return makeScope(settings, { layout: 'manifest', path: manifest.path, exists: true }, (name) =>
    finishSection(name, sections.entries.get(name), context),
  );
}

/** What stands under `spack:`, with everything checked (configuration §16.3). */
export function checkedManifest(root: MapNode, context: UpgradeContext): MapNode {
  const marked = readMarks(root, manifestSchema) as MapNode;
  const inner = marked.entries.get('spack')?.value;
  if (inner?.kind !== 'map') {
    checkNode(marked, manifestSchema);
    throw configError(root.at, 'expected a mapping that begins with "spack:"');
  }
  const upgraded = upgradeAll(inner, context);
  checkNode(replaceAt(marked, ['spack'], upgraded), manifestSchema);
  return upgraded;
}

/** A scope that is not in a file: defaults we ship, the command line. */
export function memoryScope(sections: MapNode, settings: ScopeSettings, context: OpenContext): ConfigScope {
  return makeScope(settings, { layout: 'memory', exists: true, path: undefined }, (name) =>
    finishSection(name, sections.entries.get(name), context),
  );
}

/** A scope of settings that come with berth. */
export function shippedScope(shipped: ShippedSettings, settings: ScopeSettings, context: OpenContext): ConfigScope {
  return makeScope(settings, { layout: 'memory', exists: true, path: undefined }, (name) =>
    finishSection(name, shipped.section(name), context),
  );
}
