import { compilerOfPackage } from '../legacy-names.ts';
import { formatVersions } from '../print/node.ts';
import { formatSpec } from '../print/spec.ts';
import { isConcrete, type Spec, type SpecEdge } from '../spec.ts';
import { compareCodePoints } from '../variant/variant.ts';
import { concreteVersion, parseVersionList, type VersionList } from '../version/version-list.ts';

const LANGUAGES = ['c', 'cxx', 'fortran'] as const;

/** What `{compiler…}` prints of. */
export interface CompilerFacts {
  readonly name: string;
  readonly versions: VersionList;
  readonly text: string;
}

/**
 * The compiler of a node: what provides C to it, else C++, else Fortran; of nodes first written before format 5 the one
 * that was recorded.
 */
export function compilerOf(spec: Spec): CompilerFacts | undefined {
  for (const language of LANGUAGES) {
    const child = spec.dependencies.find(({ virtuals }) => virtuals.includes(language))?.spec;
    if (child !== undefined) return { name: child.name ?? '', versions: child.versions, text: formatSpec(child) };
  }
  const recorded = recordedCompiler(spec);
  if (recorded === undefined) return undefined;
  const [name = '', versions = ':'] = recorded.split('@', 2);
  return { name, versions: parseVersionList(versions), text: recorded };
}

/** ` %c,cxx=gcc@12.2.0` for each compiler, by name. */
export function formatCompilers(spec: Spec): string {
  const edges = spec.dependencies.filter(({ virtuals }) => LANGUAGES.some((language) => virtuals.includes(language)));
  if (edges.length > 0) {
    return edges
      .toSorted((a, b) => compareCodePoints(a.spec.name ?? '', b.spec.name ?? ''))
      .map(formatCompilerEdge)
      .join('');
  }
  const recorded = recordedCompiler(spec);
  return recorded === undefined ? '' : ` %${recorded}`;
}

function formatCompilerEdge({ spec, virtuals, propagate }: SpecEdge): string {
  const version = concreteVersion(spec.versions);
  const versions = version === undefined ? formatVersions(spec) : `@${version.text}`;
  return ` ${propagate ? '%%' : '%'}${virtuals.join(',')}=${compilerOfPackage(spec.name ?? '')}${versions}`;
}

function recordedCompiler(spec: Spec): string | undefined {
  return isConcrete(spec) ? spec.annotations.compiler : undefined;
}
