import { isEmptySpec, sortEdges } from '../abstract-spec.ts';
import { compilerOfPackage } from '../legacy-names.ts';
import { DEP_TYPES, isConcrete, type Spec, type SpecEdge } from '../spec.ts';
import { isAnyVersion } from '../version/version-list.ts';
import { formatNode } from './node.ts';

/**
 * The canonical text of a spec (spec-syntax §11): the root, its direct dependencies, then the transitive ones, each
 * with its own direct ones. A concrete spec is `name@version/hash`.
 */
export function formatSpec(spec: Spec): string {
  if (isConcrete(spec)) return `${spec.name}@${spec.version.text}/${spec.hash}`;
  return [formatNode(spec), ...formatEdges(spec)].filter((text) => text !== '').join(' ');
}

/** The edge in front of and including its child node: `%[when='+a'] c,cxx=gcc@12`. */
export function formatEdge(edge: SpecEdge): string {
  const { spec, direct, virtuals } = edge;
  const name = spec.name === undefined || !direct ? spec.name : compilerOfPackage(spec.name);
  const star = needsStar(edge) ? '*' : '';
  const provides = virtuals.length > 0 ? `${virtuals.join(',')}=` : '';
  return `${sigil(edge)}${formatEdgeAttributes(edge)}${star}${provides}${formatNode(spec, name)}`;
}

/** `c,cxx=` is written with the node; the brackets hold the condition and the types. */
function formatEdgeAttributes({ when, types }: SpecEdge): string {
  const attributes: string[] = [];
  if (when !== undefined && !isEmptySpec(when)) attributes.push(`when='${formatSpec(when)}'`);
  if (types.length > 0) attributes.push(`deptypes=${DEP_TYPES.filter((type) => types.includes(type)).join(',')}`);
  return attributes.length === 0 ? '' : `[${attributes.join(' ')}] `;
}

function formatEdges({ dependencies }: Spec): readonly string[] {
  const edges = sortEdges(dependencies);
  const direct = edges.filter((edge) => edge.direct).map(formatEdge);
  const transitive = edges
    .filter((edge) => !edge.direct)
    .flatMap((edge) => [formatEdge(edge), ...formatEdges(edge.spec)]);
  return [...direct, ...transitive];
}

function sigil({ direct, propagate }: SpecEdge): string {
  if (!direct) return '^';
  return propagate ? '%%' : '%';
}

/** A nameless child must not be taken for a key-value pair of virtuals, or be empty. */
function needsStar({ spec, virtuals }: SpecEdge): boolean {
  if (spec.name !== undefined) return false;
  if (virtuals.length > 0) return true;
  const hasBoolean = [...spec.variants.values()].some(({ type }) => type === 'boolean');
  const hasArchitecture = Object.values(spec.architecture).some((part) => part !== undefined);
  return isAnyVersion(spec.versions) && (spec.flags.size > 0 || !hasBoolean || hasArchitecture);
}
