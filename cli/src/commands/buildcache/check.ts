import { BerthError, formatJson, ioError, toJson } from '@berth/base';
import {
  checkMirrors,
  type CheckedPackage,
  labelOf,
  type MirrorCheck,
  openBinaryMirrors,
  openNamedMirror,
  type OpenMirrors,
} from '@berth/core';
import { type ConcreteSpec, formatString, linkRunClosure, SHORT_FORMAT } from '@berth/spec';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, defineCommand, type TextStyle } from '../../command.ts';
import { failureExitCode } from '../../exit-codes.ts';
import { describeFailure, describeSpec } from '../../render/describe.ts';
import { openSession, resolveWords, type Session } from '../../session.ts';

const command: Command = defineCommand({
  summary: 'say what would have to be built because a mirror lacks it',
  description:
    'Checks the given specs, or every spec of the environment, on each binary mirror by itself: the manifest and every blob it names must be there. Externals have no binaries. Fails if any package is not there.',
  arguments: [{ name: 'specs', summary: 'specs or /HASHes (default: the environment)', variadic: true, specs: true }],
  options: {
    'mirror-url': {
      short: 'm',
      aliases: ['mirror'],
      value: 'mirror',
      summary: 'check only this mirror: a configured name, or a path or address',
    },
    'output-file': { short: 'o', value: 'file', summary: 'also write what would have to be built to this JSON file' },
    'without-build-dependencies': {
      summary: 'check only what an installation from the mirror needs',
    },
    verify: { summary: 'read every blob and compare it with its digest' },
  },
  examples: [
    { line: 'buildcache check', does: 'the environment, on every binary mirror' },
    { line: 'buildcache check --mirror-url ./cache /7y7a35n', does: 'one package in one folder' },
    { line: 'buildcache check --verify --without-build-dependencies', does: 'read every archive that install would' },
  ],
  json: '{ mirrors: [{ name, url, packages: [{ name, version, hash, status: "present"|"missing"|"incomplete"|"damaged"|"unknown", indexed: true|false|null, error? }] }] }',
  async run(context, { options, words }): Promise<readonly MirrorCheck[]> {
    const session = await openSession(context);
    await using opened = await openMirrors(options['mirror-url'], session);
    const specs =
      words.length > 0
        ? await resolveWords(session, words, opened.mirrors)
        : environmentSpecs(session, options['without-build-dependencies']);
    const checks = await checkMirrors({ specs, mirrors: opened.mirrors, verify: options.verify }, session.pipeline);
    const file = options['output-file'];
    if (file !== undefined) await writeRebuilds(resolve(context.cwd(), file), checks);
    return checks;
  },
  text: (checks, style) => checks.map((check) => describeCheck(check, style)).join(''),
  document: (checks) => ({
    mirrors: checks.map(({ mirror: { name, url }, packages }) => ({
      name,
      url,
      packages: packages.map(({ spec, status, indexed, error }) => ({
        ...describeSpec(spec),
        status,
        indexed: indexed ?? null,
        ...describeFailure(error),
      })),
    })),
  }),
  exitCode: (checks) => {
    const packages = checks.flatMap((check) => check.packages);
    const failed = packages.some(needsBuild) ? 1 : 0;
    return failureExitCode(packages.map(({ error }) => error)) || failed;
  },
});

export default command;

async function openMirrors(argument: string | undefined, { mirrorOptions }: Session): Promise<OpenMirrors> {
  if (argument !== undefined) return openNamedMirror(argument, 'fetch', mirrorOptions);
  const opened = await openBinaryMirrors(mirrorOptions);
  if (opened.mirrors.length > 0) return opened;
  throw new BerthError('usage', 'ERR_NO_MIRRORS', 'buildcache check: no binary mirror is configured', {
    hint: 'Add one with berth mirror add, or name one: --mirror-url MIRROR.',
  });
}

function environmentSpecs({ environment }: Session, withoutBuild: boolean): readonly ConcreteSpec[] {
  if (environment !== undefined && environment.roots.length > 0) {
    return withoutBuild ? linkRunClosure(environment.roots) : [...environment.specs.values()];
  }
  throw new BerthError(
    'usage',
    'ERR_NOTHING_TO_CHECK',
    'buildcache check: no spec is given and no locked environment is active',
    { hint: 'Name specs, or give the folder of an environment: berth -D DIR buildcache check.' },
  );
}

function needsBuild({ status }: CheckedPackage): boolean {
  return status !== 'present';
}

function describeCheck({ mirror: { name }, packages }: MirrorCheck, { paint }: TextStyle): string {
  const lacking = packages.filter(needsBuild);
  const head = `mirror ${name}: ${packages.length - lacking.length} of ${packages.length} packages are there\n`;
  const lines = lacking.map(({ spec, status, error }) => {
    const why = error === undefined ? '' : `: ${error.message}`;
    return `  ${paint('red', status.padEnd('incomplete'.length))} ${labelOf(spec)}${why}\n`;
  });
  return `${head}${lines.join('')}${describeIndex(packages)}`;
}

/** Where the index promises what is not there, or leaves out what is (hostile-inputs X04). */
function describeIndex(packages: readonly CheckedPackage[]): string {
  const promised = packages.filter(({ status, indexed }) => status === 'missing' && indexed === true);
  const leftOut = packages.filter(({ status, indexed }) => status === 'present' && indexed === false);
  const line = (text: string, of: readonly CheckedPackage[]): string =>
    of.length === 0 ? '' : `  ${text}: ${of.map(({ spec }) => labelOf(spec)).join(', ')}\n`;
  return `${line('in the index but not there', promised)}${line('there but not in the index', leftOut)}`;
}

/** The file that Spack's command of this name writes, with what is not external (buildcache-formats §14.3). */
async function writeRebuilds(path: string, checks: readonly MirrorCheck[]): Promise<void> {
  const rebuilds = checks.flatMap(({ mirror: { name, url }, packages }) => {
    const rebuildSpecs = packages
      .filter(needsBuild)
      .map(({ spec }) => ({ short_spec: formatString(spec, SHORT_FORMAT), hash: spec.hash }));
    return rebuildSpecs.length === 0 ? [] : [[url, { mirrorName: name, mirrorUrl: url, rebuildSpecs }] as const];
  });
  try {
    await writeFile(path, formatJson(toJson(Object.fromEntries(rebuilds)), 'default'));
  } catch (error) {
    throw ioError(path, error);
  }
}
