import { type SectionName } from '../sections/index.ts';
import { type MapEntry, type MapNode } from '../yaml/node.ts';
import { parseYamlValue } from '../yaml/parse.ts';

/** Settings that come with berth: YAML whose sections are parsed one by one, when they are asked for. */
export interface ShippedSettings {
  section(name: SectionName): MapEntry | undefined;
}

/** `file` names the settings in messages. What ships never changes, so each section is parsed once. */
export function shippedSettings(text: string, file: string): ShippedSettings {
  const texts = new Map(Array.from(text.matchAll(SECTION), ([section, name = '']) => [name, section]));
  const parsed = new Map<string, MapEntry | undefined>();
  return {
    section: (name) => {
      const own = texts.get(name);
      if (own !== undefined && !parsed.has(name)) {
        const { entries } = parseYamlValue(own, { file, inMemory: true }) as MapNode;
        parsed.set(name, entries.get(name));
      }
      return parsed.get(name);
    },
  };
}

/** A key at the margin with everything below it. */
const SECTION = /^([a-z_]+):.*\n(?:(?:[ -].*)?\n)*/gm;
