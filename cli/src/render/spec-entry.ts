import { compileFormat, type ConcreteSpec, type FormatContext, type Spec, treeLines } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';
import { type TextStyle } from '../command.ts';
import { type ListingEntry, type ListingLine } from './listing.ts';
import { printable } from './printable.ts';
import { installStatus, statusMarker } from './status.ts';

/** What the lines of a listing show beside names and versions (cli §4.1). */
export interface SpecLineOptions {
  /** How much of the hash is shown; 0 for nothing. */
  readonly hashLength: number;
  readonly namespaces: boolean;
  readonly variants: boolean;
  readonly flags: boolean;
  /** `[v5] `: in which format the spec was first written. */
  readonly specfileFormat: boolean;
  /** In place of all that is shown by default. */
  readonly format: string | undefined;
  readonly status: boolean;
  readonly paths: boolean;
  /** The tree of dependencies below each spec. */
  readonly dependencies: boolean;
}

export interface SpecLineFacts {
  readonly snapshot: DatabaseSnapshot;
  readonly style: TextStyle;
}

/** Makes the entries of a listing. What a format string asks for and nobody knows is a `usage` error. */
export function specEntries(
  specs: readonly ConcreteSpec[],
  options: SpecLineOptions,
  facts: SpecLineFacts,
): readonly ListingEntry[] {
  const line = createLine(options, facts);
  return specs.map((spec) => ({
    ...groupOf(spec),
    ...line(spec),
    ...(options.dependencies ? { below: below(spec, line) } : {}),
  }));
}

const architectureOf = compileFormat('{architecture}');
const compilersOf = compileFormat('{compilers}');

/** The group in which a spec is listed. */
export function groupOf(spec: Spec): Pick<ListingEntry, 'architecture' | 'compilers'> {
  const architecture = printable(architectureOf(spec));
  return { architecture: architecture || undefined, compilers: printable(compilersOf(spec)) || undefined };
}

type Line = Required<Pick<ListingEntry, 'marks'>> & Pick<ListingEntry, 'text' | 'prefix'>;

function createLine(options: SpecLineOptions, { snapshot, style }: SpecLineFacts): (spec: ConcreteSpec) => Line {
  const format = compileFormat(formatOf(options));
  const prefixOf = (spec: ConcreteSpec): string => snapshot.prefixOf(spec);
  const context: FormatContext = { prefixOf, isInstalled: ({ hash }) => snapshot.isInstalled(hash) };
  const { hashLength, status, paths } = options;
  return (spec) => ({
    marks: [
      status ? `${statusMarker(installStatus(spec, snapshot), style)}  ` : '',
      hashLength > 0 ? `${style.paint('gray', spec.hash.slice(0, hashLength))} ` : '',
    ].join(''),
    text: printable(format(spec, context)),
    ...(paths ? { prefix: printable(prefixOf(spec)) } : {}),
  });
}

function formatOf({ format, specfileFormat, namespaces, variants, flags }: SpecLineOptions): string {
  if (format !== undefined) return format;
  return [
    specfileFormat ? '[{specfile_version}] ' : '',
    namespaces ? '{fullname}' : '{name}',
    '{@version}',
    variants ? '{variants}' : '',
    flags ? ' {compiler_flags}' : '',
  ].join('');
}

function below(root: ConcreteSpec, line: (spec: ConcreteSpec) => Line): readonly ListingLine[] {
  // The text of the tree is not used: the listing indents behind the marks.
  const lines = Array.from(treeLines([root], { format: '' }));
  return lines.slice(1).map(({ spec, depth }) => ({ depth, ...line(spec) }));
}
