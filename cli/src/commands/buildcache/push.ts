import { BerthError } from '@berth/base';
import { createBlobCache } from '@berth/buildcache';
import { openNamedMirror, push, type PushResult } from '@berth/core';
import { type ConcreteSpec } from '@berth/spec';
import { defaultPrefixInspections, type PrefixInspections } from '@berth/store';
import { join } from 'node:path';
import { type Command, type CommandInput, defineCommand, type OptionSpecs, type TextStyle } from '../../command.ts';
import { failureExitCode } from '../../exit-codes.ts';
import { describeFailure, describeSpec } from '../../render/describe.ts';
import { selectInstalled } from '../../query/select-installed.ts';
import { archiveMemory, openSession, type Session } from '../../session.ts';

const options = {
  force: { short: 'f', summary: 'replace what the mirror has' },
  unsigned: { short: 'u', summary: 'publish without signatures' },
  'update-index': { aliases: ['rebuild-index'], summary: 'add the packages to the index of the mirror' },
  only: {
    value: 'what',
    choices: ['package', 'dependencies'],
    summary: 'push only the packages themselves, or only what they need',
  },
  'with-build-dependencies': {
    excludes: ['without-build-dependencies'],
    summary: 'push every build dependency too; one that is not installed is a failure',
  },
  'without-build-dependencies': { summary: 'push no build dependencies (default: those that are installed)' },
  'fail-fast': { summary: 'stop at the first failure' },
  'base-image': { value: 'image', summary: 'OCI: make the images on this one: ubuntu:24.04' },
  tag: { short: 't', value: 'tag', summary: 'OCI: also publish one image of all roots under this tag' },
  jobs: { short: 'j', value: 'n', integer: { min: 1, max: 256 }, summary: 'how many packages are pushed at once' },
} as const satisfies OptionSpecs;

type Input = CommandInput<typeof options>;

const DEFAULT_JOBS = 4;

const command: Command = defineCommand({
  summary: 'push installed packages to a mirror',
  description: 'Without specs, pushes the roots of the environment and what they need.',
  arguments: [
    { name: 'mirror', summary: 'a configured name, or a path or address', required: true },
    { name: 'specs', summary: 'installed specs or /HASHes', variadic: true, specs: true },
  ],
  options,
  examples: [
    { line: 'buildcache push --unsigned --update-index ./cache', does: 'push the environment to a folder' },
    { line: 'buildcache push my-mirror /7y7a35n', does: 'push one package and what it needs' },
    { line: 'buildcache push --only package my-mirror greet', does: 'push one package alone' },
  ],
  json: '{ ok, packages: [{ name, version, hash, outcome: "pushed"|"exists"|"failed", sizeBytes?, error? }], index?: { packages, changed }, image?: { reference, digest, missing } }',
  async run(context, input): Promise<PushResult> {
    const session = await openSession(context);
    const [argument = '', ...words] = input.words;
    await using opened = await openNamedMirror(argument, 'push', session.mirrorOptions);
    const { mirror } = opened;
    const target = input.options.unsigned ? { ...mirror, signed: false } : mirror;
    return await push(
      {
        roots: await rootsOf(session, words),
        mirror: target,
        ...pushOptions(input),
        inspections: inspectionsOf(session),
        spackRoot: session.configuration.paths.prefix,
        cache: createBlobCache(join(session.configuration.paths.miscCache, 'blobs')),
        archives: archiveMemory(session),
      },
      session.pipeline,
    );
  },
  text: (result, style) => `${countText(result, style)}${imageText(result)}`,
  document: ({ packages, index, image }) => ({
    ok: packages.every(({ error }) => error === undefined),
    packages: packages.map(({ spec, outcome, sizeBytes, error }) => ({
      ...describeSpec(spec),
      outcome,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...describeFailure(error),
    })),
    ...(index === undefined ? {} : { index }),
    ...(image === undefined ? {} : { image }),
  }),
  exitCode: ({ packages }) => failureExitCode(packages.map(({ error }) => error)),
});

export default command;

function countText({ packages }: PushResult, { paint }: TextStyle): string {
  const pushed = packages.filter(({ outcome }) => outcome === 'pushed').length;
  const failed = packages.filter(({ outcome }) => outcome === 'failed');
  const there = packages.length - pushed - failed.length;
  if (packages.length === 0) return 'nothing to push: externals have no binaries\n';
  if (there === packages.length) {
    return `all ${packages.length} packages are already in the build cache; --force pushes them again\n`;
  }
  const counts = [`${pushed} pushed`, ...(there > 0 ? [`${there} already there`] : [])];
  if (failed.length > 0) counts.push(paint('red', `${failed.length} failed`));
  return `${counts.join(', ')}\n`;
}

function imageText({ image }: PushResult): string {
  return image === undefined ? '' : `image ${image.reference}\n`;
}

/** `modules:prefix_inspections`, or what is looked at when nothing is configured. */
function inspectionsOf({ configuration }: Session): PrefixInspections {
  const configured = configuration.modules().prefix_inspections;
  return configured === undefined ? defaultPrefixInspections(process.platform) : new Map(Object.entries(configured));
}

async function rootsOf(session: Session, words: readonly string[]): Promise<readonly ConcreteSpec[]> {
  if (words.length > 0) {
    const snapshot = await session.store.database.read(session.pipeline);
    return selectInstalled(session, words, { all: false, snapshot });
  }
  if (session.environment !== undefined && session.environment.roots.length > 0) return session.environment.roots;
  throw new BerthError(
    'usage',
    'ERR_NOTHING_TO_PUSH',
    'buildcache push: no spec is given and no locked environment is active',
    {
      hint: 'Name installed specs after the mirror, or give the folder of an environment: berth -e DIR buildcache push MIRROR.',
    },
  );
}

function pushOptions({
  options: values,
}: Input): Omit<Parameters<typeof push>[0], 'roots' | 'mirror' | 'spackRoot' | 'cache' | 'archives' | 'inspections'> {
  const everything = values['with-build-dependencies'] ? 'all' : 'installed';
  const { tag, 'base-image': baseImage } = values;
  return {
    scope: values.only === 'package' || values.only === 'dependencies' ? values.only : 'all',
    buildDependencies: values['without-build-dependencies'] ? 'none' : everything,
    force: values.force,
    updateIndex: values['update-index'],
    failFast: values['fail-fast'],
    concurrency: values.jobs ?? DEFAULT_JOBS,
    image: tag === undefined && baseImage === undefined ? undefined : { tag, baseImage },
  };
}
