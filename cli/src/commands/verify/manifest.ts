import { resolve } from 'node:path';
import { BerthError } from '@berth/base';
import { type ConcreteSpec } from '@berth/spec';
import { type ManifestProblem, type ManifestReport, verifyInstalledFile, verifyInstallManifest } from '@berth/store';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../../command.ts';
import { type CommandContext } from '../../context.ts';
import { selectInstalled } from '../../query/select-installed.ts';
import { openSession } from '../../session.ts';

const options = {
  all: { short: 'a', summary: 'verify every installed package' },
  local: { short: 'l', summary: 'only packages of this install tree, none of upstreams; always so in this version' },
  files: { short: 'f', excludes: ['specs', 'all'], summary: 'the words are files' },
  specs: { short: 's', summary: 'the words are specs (default)' },
} as const satisfies OptionSpecs;

const command: Command = defineCommand({
  summary: 'compare installed files with what was installed',
  description: 'Every package is looked at, also behind one with problems. Exits with 1 when anything differs.',
  arguments: [{ name: 'specs-or-files', summary: 'installed specs, or files with -f', variadic: true, specs: true }],
  options,
  examples: [
    { line: 'verify manifest -a', does: 'verify everything that is installed' },
    { line: 'verify manifest greet', does: 'verify one package' },
    { line: 'verify manifest -f path/to/file', does: 'verify one file' },
  ],
  json: '{ PATH: [what differs: added, deleted, mode, owner, group, link, size, mtime, hash, …] }, empty when all is well',
  async run(context, input): Promise<ManifestReport> {
    return input.options.files ? verifyFiles(context, input.words) : verifySpecs(context, input);
  },
  text: (report) => [...report].map(([path, problems]) => `${path}: ${problems.join(', ')}\n`).join(''),
  document: (report) => Object.fromEntries(report),
  exitCode: (report) => (report.size === 0 ? 0 : 1),
});

export default command;

async function verifyFiles(context: CommandContext, words: readonly string[]): Promise<ManifestReport> {
  const report = new Map<string, readonly ManifestProblem[]>();
  for (const word of words) {
    const path = resolve(context.cwd(), word);
    const problems = await verifyInstalledFile(path, { signal: context.signal });
    if (problems.length > 0) report.set(path, problems);
  }
  return report;
}

async function verifySpecs(
  context: CommandContext,
  { options: values, words }: CommandInput<typeof options>,
): Promise<ManifestReport> {
  if (!values.all && words.length === 0) {
    throw new BerthError('usage', 'ERR_SPEC_MISSING', 'verify manifest: no spec is given', {
      hint: 'Name installed specs, or give --all.',
    });
  }
  const session = await openSession(context);
  const snapshot = await session.store.database.read(session.pipeline);
  const specs = selectInstalled(session, words, { all: values.all, snapshot });
  const report = new Map<string, readonly ManifestProblem[]>();
  for (const spec of specs.filter(isOurs)) {
    const found = await verifyInstallManifest(snapshot.prefixOf(spec), session.pipeline);
    for (const [path, problems] of found) report.set(path, problems);
  }
  return report;
}

/** An external was not installed by us: there is nothing to compare it with. */
function isOurs({ external }: ConcreteSpec): boolean {
  return external === undefined;
}
