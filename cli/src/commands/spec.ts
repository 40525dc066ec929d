import { escapeControls } from '@berth/base';
import {
  type ConcreteSpec,
  DISPLAY_FORMAT,
  formatSpecDocument,
  formatSpecText,
  formatString,
  treeLines,
  type TreeOptions,
} from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';
import { UsageError } from '../arguments/usage-error.ts';
import { type Command, type CommandInput, defineCommand, type OptionSpecs, type TextStyle } from '../command.ts';
import { printable } from '../render/printable.ts';
import { installStatus, statusMarker } from '../render/status.ts';
import { formatYamlDocument } from '../render/spec-yaml.ts';
import { openSession, resolveWords, type Session, withBinaryMirrors } from '../session.ts';

const COVERS = ['nodes', 'edges', 'paths'] as const;

const options = {
  long: { short: 'l', summary: 'show the first characters of hashes' },
  'very-long': { short: 'L', summary: 'show whole hashes' },
  namespaces: { short: 'N', summary: 'show namespaces' },
  'install-status': {
    short: 'I',
    excludes: ['no-install-status'],
    summary: 'show whether each package is installed (default)',
  },
  'no-install-status': { summary: 'do not' },
  types: { short: 't', summary: 'show the kinds of dependencies: build, link, run, test' },
  cover: {
    short: 'c',
    value: 'what',
    choices: [...COVERS],
    summary: 'show each node once (default), each edge once, or every path',
  },
  yaml: { short: 'y', excludes: ['json', 'format'], summary: 'print the whole documents as YAML' },
  json: { short: 'j', excludes: ['format'], summary: 'print the whole documents as JSON, one a line' },
  format: { value: 'format', summary: "print each spec so, e.g. '{name}{@version}{/hash:7}'" },
} as const satisfies OptionSpecs;

type Input = CommandInput<typeof options>;

interface SpecResult {
  readonly specs: readonly ConcreteSpec[];
  readonly snapshot: DatabaseSnapshot;
  readonly show: Input['options'];
}

const SHORT_HASH = 7;
const WHOLE_HASH = 32;

const command: Command = defineCommand({
  summary: 'show a concrete spec with everything it depends on',
  description:
    'Of a /HASH, of a spec file, or of words: the best match among what is installed and what the mirrors hold. Without specs, of the roots of the environment.',
  arguments: [{ name: 'specs', summary: 'specs, /HASHes or ./FILEs', variadic: true, specs: true }],
  options,
  examples: [
    { line: 'spec -Il /7y7a35n', does: 'the graph of an installed package, with hashes' },
    { line: 'spec -lt --cover edges greet', does: 'every dependency with its kind' },
    { line: 'spec --json ./greet.spec.json', does: 'the document in a spec file' },
  ],
  json: '{ spec: { _meta: { version }, nodes: [node] } }, one line for each spec',
  async run(context, { options: show, words }): Promise<SpecResult> {
    const session = await openSession(context);
    const snapshot = await session.store.database.read(session);
    return { specs: await wanted(session, words), snapshot, show };
  },
  text: formatResult,
  document: ({ specs }) => specs.map((spec): unknown => JSON.parse(formatSpecText(spec))),
  documentText: ({ specs }) => specs.map((spec) => `${formatSpecText(spec)}\n`).join(''),
});

export default command;

async function wanted(session: Session, words: readonly string[]): Promise<readonly ConcreteSpec[]> {
  if (words.length > 0) return withBinaryMirrors(session, (mirrors) => resolveWords(session, words, mirrors));
  const roots = session.environment?.roots ?? [];
  if (roots.length > 0) return roots;
  throw new UsageError(
    'spec: no spec is given and no locked environment is active',
    'Name a spec, a /HASH or a ./FILE, or give the folder of an environment: berth -e DIR spec.',
  );
}

function formatResult({ specs, snapshot, show }: SpecResult, style: TextStyle): string {
  const { format } = show;
  const prefixOf = (spec: ConcreteSpec): string => snapshot.prefixOf(spec);
  const context = { prefixOf, isInstalled: ({ hash }: ConcreteSpec) => snapshot.isInstalled(hash) };
  if (format !== undefined) return specs.map((spec) => `${printable(formatString(spec, format, context))}\n`).join('');
  if (show.yaml) return specs.map((spec) => formatYamlDocument(formatSpecDocument(spec))).join('');
  return `${treeTexts({ specs, snapshot, show }, style).join('')}\n`;
}

/** What mirrors and files say is shown with control characters escaped (hostile-inputs X12). */
function treeTexts({ specs, snapshot, show }: SpecResult, style: TextStyle): readonly string[] {
  const status = (spec: ConcreteSpec): string =>
    show['no-install-status'] ? '' : `${statusMarker(installStatus(spec, snapshot), style)}  `;
  return Array.from(
    treeLines(specs, treeOptions(show)),
    ({ spec, text }) => `${status(spec)}${escapeControls(text)}\n`,
  );
}

function treeOptions(show: Input['options']): TreeOptions {
  const shortHash = show.long ? SHORT_HASH : 0;
  const hashLength = show['very-long'] ? WHOLE_HASH : shortHash;
  return {
    format: show.namespaces ? DISPLAY_FORMAT.replace('{name}', '{fullname}') : DISPLAY_FORMAT,
    cover: COVERS.find((cover) => cover === show.cover) ?? 'nodes',
    showTypes: show.types,
    ...(hashLength === 0 ? {} : { hashLength }),
  };
}
