import { compareSpecs, type ConcreteSpec, formatString, type Spec } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';
import { type TextStyle } from '../command.ts';
import { type FoundSpecs } from '../query/find.ts';
import { type EnvironmentRoot } from '../query/environment-roots.ts';
import { formatListing, type ListingEntry, type ListingLine } from './listing.ts';
import { groupOf, specEntries, type SpecLineOptions } from './spec-entry.ts';
import { installStatus, statusMarker } from './status.ts';

/** What `find` found, and what of it is to be shown. */
export interface FindResult extends FoundSpecs {
  readonly snapshot: DatabaseSnapshot;
  readonly environment: { readonly name: string; readonly roots: readonly EnvironmentRoot[] } | undefined;
  readonly show: {
    readonly line: SpecLineOptions;
    readonly groups: boolean;
    readonly pending: boolean;
    readonly onlyRoots: boolean;
  };
}

/** The specs that the listing has, in its order. */
export function shownSpecs({ recorded, pending, show }: FindResult): readonly ConcreteSpec[] {
  return (show.pending ? [...recorded, ...pending] : recorded).toSorted(compareSpecs);
}

/** The listing as Spack prints it, in an environment behind its roots (cli §9). */
export function formatFindResult(result: FindResult, style: TextStyle): string {
  const { snapshot, show } = result;
  const specs = show.onlyRoots ? [] : shownSpecs(result);
  const list = formatListing(specEntries(specs, show.line, { snapshot, style }), { style, groups: show.groups });
  if (show.line.format !== undefined) return list;
  return `${formatEnvironment(result, style)}${list}${show.groups && style.tty ? counts(result, style) : ''}`;
}

function arrow({ paint }: TextStyle): string {
  return paint('blue', '==>');
}

function formatEnvironment({ environment, snapshot, show }: FindResult, style: TextStyle): string {
  if (environment === undefined) return '';
  const { name, roots } = environment;
  const count = roots.length === 0 ? 'No' : String(roots.length);
  const head = `${arrow(style)} In environment ${name}\n${arrow(style)} ${count} root specs\n`;
  const facts = { snapshot, style, show };
  const entries = roots.toSorted((a, b) => compareSpecs(a.spec, b.spec)).map((root) => rootEntry(root, facts));
  return `${head}${formatListing(entries, { style, groups: show.groups })}\n`;
}

interface RootFacts {
  readonly snapshot: DatabaseSnapshot;
  readonly style: TextStyle;
  readonly show: FindResult['show'];
}

const ROOT_FORMAT = '{fullname}{@version}{variants} {compiler_flags}';

function rootEntry({ spec, concrete }: EnvironmentRoot, facts: RootFacts): ListingEntry {
  const { dependencies } = facts.show.line;
  return {
    ...groupOf(spec),
    marks: rootMarks(concrete, facts),
    text: formatString(spec, ROOT_FORMAT),
    ...(dependencies ? { below: typedDependencies(spec, facts) } : {}),
  };
}

/** Dashes take the place of the hash of what is not concretized. */
function rootMarks(concrete: ConcreteSpec | undefined, { snapshot, style, show }: RootFacts): string {
  const status = concrete === undefined ? 'absent' : installStatus(concrete, snapshot);
  const { hashLength } = show.line;
  const hash = concrete === undefined ? '-'.repeat(hashLength) : concrete.hash.slice(0, hashLength);
  return `${statusMarker(status, style)} ${hash === '' ? '' : `${style.paint('gray', hash)} `}`;
}

/** The dependencies that are typed with a root; they may be nested. */
function typedDependencies(spec: Spec, facts: RootFacts, depth = 1): readonly ListingLine[] {
  return spec.dependencies
    .toSorted((a, b) => compareSpecs(a.spec, b.spec))
    .flatMap(({ spec: child }) => [
      { depth, text: `${rootMarks(undefined, facts)}${formatString(child, ROOT_FORMAT)}` },
      ...typedDependencies(child, facts, depth + 1),
    ]);
}

function counts({ recorded, pending, show, snapshot }: FindResult, style: TextStyle): string {
  const installed = recorded.filter(({ hash }) => snapshot.isInstalled(hash)).length;
  const lines = [`${installed} installed package${installed === 1 ? '' : 's'}`];
  if (show.pending && pending.length > 0) {
    lines.push(`${pending.length} concretized package${pending.length === 1 ? '' : 's'} to be installed`);
  }
  return lines.map((line) => `${arrow(style)} ${line}\n`).join('');
}
