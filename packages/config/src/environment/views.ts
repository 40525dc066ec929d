import { type Projection } from '../install-tree.ts';
import { type ViewSection } from '../sections/view.ts';
import { type ConfigNode, nodeAt, type Position, toData } from '../yaml/node.ts';

/** A view of an environment, resolved (configuration §18). */
export interface ViewConfig {
  readonly name: string;
  /** Absolute. */
  readonly root: string;
  readonly link: 'all' | 'run' | 'roots';
  readonly linkType: 'symlink' | 'hardlink' | 'copy';
  /** Specs, any of which keeps a package; empty keeps all. */
  readonly select: readonly string[];
  /** Specs, any of which drops a package. */
  readonly exclude: readonly string[];
  /** In order; empty puts everything at the root. */
  readonly projections: readonly Projection[];
}

export const DEFAULT_VIEW_NAME = 'default';
export const DEFAULT_VIEW_ROOT = '.spack-env/view';

export interface ViewContext {
  /** Relative roots are below the environment. */
  readonly environmentDir: string;
  readonly resolvePath: (text: string, at?: Position) => string;
}

/** The views of an environment; none with `view: false`, the default one where nothing is said. */
export function resolveViews(node: ConfigNode | undefined, context: ViewContext): ViewConfig[] {
  const fallback = view(DEFAULT_VIEW_NAME, `${context.environmentDir}/${DEFAULT_VIEW_ROOT}`);
  if (node === undefined) return [fallback];
  if (node.kind === 'scalar') {
    if (node.value === false) return [];
    return node.type === 'string' ? [view(DEFAULT_VIEW_NAME, context.resolvePath(node.text, node.at))] : [fallback];
  }
  if (node.kind !== 'map' || node.entries.size === 0) return [fallback];
  return [...node.entries.values()].map(({ key, value }) => named(key, value, context));
}

function view(name: string, root: string): ViewConfig {
  return { name, root, link: 'all', linkType: 'symlink', select: [], exclude: [], projections: [] };
}

function named(name: string, node: ConfigNode, context: ViewContext): ViewConfig {
  const section = toData(node) as unknown as ViewSection;
  const projections = nodeAt(node, ['projections']);
  const formats = projections?.kind === 'map' ? [...projections.entries.values()] : [];
  return {
    name,
    root: context.resolvePath(section.root, nodeAt(node, ['root'])?.at),
    link: section.link ?? 'all',
    linkType: section.link_type ?? 'symlink',
    select: section.select ?? [],
    exclude: section.exclude ?? [],
    projections: formats.map(({ key, value }) => ({ spec: key, format: value.kind === 'scalar' ? value.text : '' })),
  };
}
