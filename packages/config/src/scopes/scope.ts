import { type SectionName } from '../sections/index.ts';
import { type MapEntry, type MapNode } from '../yaml/node.ts';

/** Classes of precedence, lowest first (configuration §2). */
export const SCOPE_PRIORITIES = { defaults: 0, files: 1, environment: 2, custom: 3, commandLine: 4 } as const;
export type ScopePriority = keyof typeof SCOPE_PRIORITIES;

/** How a scope keeps its sections: one file each, all in one file, a manifest's `spack:`, or not in a file at all. */
export type ScopeLayout = 'directory' | 'file' | 'manifest' | 'memory';

/** A named source of configuration. Sections are parsed and checked when they are first asked for. */
export interface ConfigScope {
  readonly name: string;
  readonly layout: ScopeLayout;
  /** The folder or the file; absent for scopes held in memory. */
  readonly path?: string | undefined;
  readonly priority: ScopePriority;
  readonly writable: boolean;
  /** The scope to write to rather than the one that includes it. */
  readonly preferModify: boolean;
  /** True for a scope that another one includes. */
  readonly included: boolean;
  /** False when its folder or file does not exist. */
  readonly exists: boolean;
  /** What it includes, first (highest) to last. */
  readonly includes: readonly ConfigScope[];
  /** What it says of a section, with the mark of the section's key; `undefined` when it says nothing. */
  section(name: SectionName): MapEntry | undefined;
  /** Everything it says, by section. */
  all(): MapNode;
}

/** What `config scopes` prints of one scope. */
export interface ScopeStatus {
  readonly name: string;
  /** In the words of `config scopes -v`. */
  readonly types: readonly ('internal' | 'path' | 'env' | 'include')[];
  readonly path: string | undefined;
  /** False when the folder or file does not exist. */
  readonly exists: boolean;
  readonly writable: boolean;
  /** `override`: hidden by an `include::` of a higher scope; `absent`: says nothing of the section that was asked for. */
  readonly status: 'active' | 'override' | 'absent';
}

export function scopeStatus(
  scope: ConfigScope,
  options: { readonly hidden: boolean; readonly section?: SectionName | undefined },
): ScopeStatus {
  const silent = options.section !== undefined && scope.section(options.section) === undefined;
  return {
    name: scope.name,
    types: scopeTypes(scope),
    path: scope.path,
    exists: scope.exists,
    writable: scope.writable,
    status: options.hidden ? 'override' : silent ? 'absent' : 'active',
  };
}

function scopeTypes({ layout, included }: ConfigScope): ScopeStatus['types'] {
  if (layout === 'memory') return ['internal'];
  if (layout === 'manifest') return ['env', 'path'];
  return included ? ['include', 'path'] : ['path'];
}
