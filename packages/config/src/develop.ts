import { resolve } from 'node:path';
import { type DevelopSection } from './sections/spec-list.ts';
import { type ConfigNode, toData } from './yaml/node.ts';

/** A package that is built from the user's own sources (configuration §15.3). */
export interface DevelopEntry {
  readonly name: string;
  readonly spec: string;
  /** Absolute. */
  readonly path: string;
}

/** The merged `develop` section; a path counts from the folder of the environment and is the name by default. */
export function readDevelop(
  develop: ConfigNode | undefined,
  context: { readonly environmentDir: string; readonly substituteText: (text: string) => string },
): DevelopEntry[] {
  if (develop?.kind !== 'map') return [];
  const section = toData(develop) as DevelopSection;
  return [...develop.entries.keys()].flatMap((name) => {
    const entry = section[name];
    if (entry === undefined) return [];
    const path = resolve(context.environmentDir, context.substituteText(entry.path ?? name));
    return [{ name, spec: entry.spec, path }];
  });
}
