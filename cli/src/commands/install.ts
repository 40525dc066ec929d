import { BerthError } from '@berth/base';
import { checkLockStatus, lockStatus, manifestSpecs } from '@berth/config';
import { install, type InstallResult, type OpenMirror } from '@berth/core';
import { type ConcreteSpec } from '@berth/spec';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../command.ts';
import { type CommandContext } from '../context.ts';
import { formatInstallResult, installDocument, installExitCode } from '../render/install.ts';
import { archiveMemory, openSession, resolveWords, type Session, withBinaryMirrors } from '../session.ts';
import { parseCachePolicy } from './cache-policy.ts';
import { confirm } from './confirm.ts';

const options = {
  only: {
    value: 'what',
    choices: ['package', 'dependencies'],
    summary: 'install only the packages themselves, or only what they need',
  },
  'cache-only': {
    excludes: ['no-cache', 'use-cache', 'use-buildcache'],
    summary: 'take every package from a mirror; fail where no mirror has it',
  },
  'use-cache': { excludes: ['no-cache', 'use-buildcache'], summary: 'ask the mirrors for binaries (default)' },
  'no-cache': { excludes: ['use-buildcache'], summary: 'ask no mirror: only what is installed already can be kept' },
  'use-buildcache': {
    value: 'policy',
    summary: 'auto, only or never, or package:POLICY,dependencies:POLICY',
  },
  'include-build-deps': { summary: 'also install what was needed to build the packages' },
  'no-check-signature': { summary: 'do not require signatures, on any mirror, in this run' },
  'concurrent-packages': {
    short: 'p',
    value: 'n',
    integer: { min: 1, max: 256 },
    summary: 'how many packages are installed at once (default: 4)',
  },
  'fail-fast': { summary: 'stop at the first failure' },
  overwrite: { summary: 'install the named packages again, in place; asks unless -y' },
  'only-concrete': { summary: 'install what the lock file has; this version always does' },
  locked: { summary: 'fail when spack.yaml and its lock file disagree' },
  'yes-to-all': { short: 'y', summary: 'do not ask' },
} as const satisfies OptionSpecs;

type Input = CommandInput<typeof options>;

const DEFAULT_CONCURRENCY = 4;

const command: Command = defineCommand({
  summary: 'install packages from build caches',
  description:
    'Without specs, installs every root of the environment, as its lock file has it. A spec is matched with what is installed and what the mirrors hold; /HASH names one exactly.',
  arguments: [{ name: 'specs', summary: 'specs or /HASHes', variadic: true, specs: true }],
  options,
  examples: [
    { line: 'install', does: 'install the environment in this folder' },
    { line: 'install /7y7a35n', does: 'install one package, by the beginning of its hash' },
    { line: "install 'greet@1: +x'", does: 'install the best match among what the mirrors hold' },
    { line: 'install --only dependencies --fail-fast', does: 'what the roots need, and stop at the first failure' },
  ],
  json: '{ ok, packages: [{ name, version, hash, prefix, outcome: "installed"|"kept"|"registered"|"failed", mirror?, error? }] }',
  async run(context, input): Promise<InstallResult> {
    const session = await openSession(context);
    return withBinaryMirrors(session, async (mirrors) => {
      const roots = await rootsOf(session, input, { mirrors, context });
      await confirmOverwrite(roots, input, context);
      return install(installOptions(roots, mirrors, { input, session }), session.pipeline);
    });
  },
  text: formatInstallResult,
  document: installDocument,
  exitCode: installExitCode,
});

export default command;

interface Surroundings {
  readonly mirrors: readonly OpenMirror[];
  readonly context: CommandContext;
}

async function rootsOf(
  session: Session,
  { words, options: values }: Input,
  { mirrors, context }: Surroundings,
): Promise<readonly ConcreteSpec[]> {
  const { environment } = session;
  if (environment !== undefined) checkLock(session, values.locked, context);
  if (words.length > 0) return resolveWords(session, words, mirrors);
  if (environment === undefined) {
    throw new BerthError('usage', 'ERR_NOTHING_TO_INSTALL', 'install: no spec is given and no environment is active', {
      hint: 'Name a spec or a /HASH, or give the folder of an environment: berth -e DIR install.',
    });
  }
  if (environment.roots.length === 0) {
    throw new BerthError(
      'usage',
      'ERR_NOT_CONCRETIZED',
      `install: the environment ${environment.directory} has no lock file`,
      {
        hint: 'Concretize it with Spack first: this version of berth installs what a lock file names.',
      },
    );
  }
  return environment.roots;
}

/** Compares the lock file with the manifest (hostile-inputs L04). */
function checkLock({ environment, configuration }: Session, locked: boolean, context: CommandContext): void {
  const lock = environment?.files.lock;
  if (environment === undefined || lock === undefined) return;
  const specs = manifestSpecs(environment.files.manifest, {
    env: context.facts.env,
    host: configuration.substitution.host,
    definitions: configuration.node('definitions'),
  });
  const status = lockStatus(specs, lock);
  checkLockStatus(status, { what: environment.directory, locked, emit: context.emit });
}

async function confirmOverwrite(
  roots: readonly ConcreteSpec[],
  { options: values }: Input,
  context: CommandContext,
): Promise<void> {
  if (!values.overwrite || values['yes-to-all']) return;
  const names = roots.map(({ name, hash }) => `${name}/${hash.slice(0, 7)}`).join(', ');
  await confirm(`Replace ${names}?`, context);
}

function installOptions(
  roots: readonly ConcreteSpec[],
  mirrors: readonly OpenMirror[],
  { input, session }: { readonly input: Input; readonly session: Session },
): Parameters<typeof install>[0] {
  const { options: values } = input;
  const policy = parseCachePolicy(values['no-cache'] ? 'never' : (values['use-buildcache'] ?? 'auto'));
  const named = new Set(roots.map(({ hash }) => hash));
  return {
    roots,
    mirrorsFor: (spec) => (policy[named.has(spec.hash) ? 'package' : 'dependencies'] === 'never' ? [] : mirrors),
    scope: values.only === 'package' || values.only === 'dependencies' ? values.only : 'all',
    overwrite: values.overwrite,
    includeBuildDependencies: values['include-build-deps'],
    checkSignatures: !values['no-check-signature'],
    failFast: values['fail-fast'],
    concurrency: values['concurrent-packages'] ?? DEFAULT_CONCURRENCY,
    archives: archiveMemory(session),
    platform: session.configuration.substitution.host.platform === 'darwin' ? 'darwin' : 'linux',
  };
}
