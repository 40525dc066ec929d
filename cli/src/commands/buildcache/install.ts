import { install, type InstallResult, listBinaries, type OpenMirror, selectBinaries } from '@berth/core';
import { type ConcreteSpec } from '@berth/spec';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../../command.ts';
import { formatInstallResult, installDocument, installExitCode } from '../../render/install.ts';
import {
  archiveMemory,
  namesArchitecture,
  openSession,
  runsHere,
  type Session,
  withBinaryMirrors,
} from '../../session.ts';

const options = {
  force: { short: 'f', summary: 'install the named packages again if they are installed' },
  multiple: { short: 'm', summary: 'install every binary that matches, not just one for each spec' },
  unsigned: {
    short: 'u',
    aliases: ['no-check-signature'],
    summary: 'do not require signatures, on any mirror, in this run',
  },
  otherarch: { short: 'o', summary: 'also match what is built for other machines' },
  'fail-fast': { summary: 'stop at the first failure' },
  jobs: { short: 'j', value: 'n', integer: { min: 1, max: 256 }, summary: 'how many packages are installed at once' },
} as const satisfies OptionSpecs;

type Input = CommandInput<typeof options>;

const DEFAULT_JOBS = 4;

const command: Command = defineCommand({
  summary: 'install binaries that the mirrors list, and what they need',
  description:
    'Matches the specs with what the indexes of the mirrors list, and with nothing else: not with the environment, and nothing is built. Signatures are required where the mirror requires them.',
  arguments: [{ name: 'specs', summary: 'specs or /HASHes', required: true, variadic: true, specs: true }],
  options,
  examples: [
    { line: 'buildcache install /7y7a35n', does: 'install one binary and what it needs' },
    { line: 'buildcache install --multiple --otherarch greet', does: 'install every binary of greet' },
  ],
  json: '{ ok, packages: [{ name, version, hash, prefix, outcome: "installed"|"kept"|"registered"|"failed", mirror?, error? }] }',
  async run(context, input): Promise<InstallResult> {
    const session = await openSession(context);
    return withBinaryMirrors(session, async (mirrors) => {
      const roots = await rootsOf(session, mirrors, input);
      const { force, unsigned, jobs, 'fail-fast': failFast } = input.options;
      return install(
        {
          roots,
          mirrorsFor: () => mirrors,
          scope: 'all',
          overwrite: force,
          includeBuildDependencies: false,
          checkSignatures: !unsigned,
          failFast,
          concurrency: jobs ?? DEFAULT_JOBS,
          archives: archiveMemory(session),
          platform: session.configuration.substitution.host.platform === 'darwin' ? 'darwin' : 'linux',
        },
        session.pipeline,
      );
    });
  },
  text: formatInstallResult,
  document: installDocument,
  exitCode: installExitCode,
});

export default command;

async function rootsOf(
  session: Session,
  mirrors: readonly OpenMirror[],
  { words, options: { otherarch, multiple } }: Input,
): Promise<readonly ConcreteSpec[]> {
  const queries = session.parse(words);
  const fits = runsHere(session.configuration);
  const binaries = await listBinaries(
    { mirrors, queries, accept: (spec, query) => otherarch || namesArchitecture(query) || fits(spec) },
    session.pipeline,
  );
  return selectBinaries(queries, { binaries, multiple });
}
