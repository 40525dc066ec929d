import { createBlobCache } from '@berth/buildcache';
import { openNamedMirror, sync, type SyncResult } from '@berth/core';
import { join } from 'node:path';
import { type Command, defineCommand, type TextStyle } from '../../command.ts';
import { failureExitCode } from '../../exit-codes.ts';
import { describeFailure, describeSpec } from '../../render/describe.ts';
import { openSession } from '../../session.ts';

const DEFAULT_JOBS = 8;

const command: Command = defineCommand({
  summary: 'copy packages from one mirror to another',
  description:
    'Copies what the source lists, or what matches the specs and what that needs to run, between mirrors of any kind, and adds it to the index of the target. What is there is not moved again. Every byte is verified on its way. Between mirrors of one format documents stay as they are, so that signatures stay good; from another format they are made anew, unsigned. To carry packages to a machine without a network, copy them to oci-layout:///FOLDER or to a folder, take that there, and copy from it or add it as a mirror.',
  arguments: [
    { name: 'source', summary: 'a configured name, or a path or address', required: true },
    { name: 'target', summary: 'a configured name, or a path or address', required: true },
    { name: 'specs', summary: 'specs or /HASHes (default: everything)', variadic: true, specs: true },
  ],
  options: {
    force: { short: 'f', summary: 'replace what the target has' },
    unsigned: {
      short: 'u',
      summary: 'also copy what is not signed, and without its signature what has to be made anew',
    },
    only: {
      value: 'what',
      choices: ['package', 'dependencies'],
      summary: 'copy only the packages that match, or only what they need',
    },
    jobs: { short: 'j', value: 'n', integer: { min: 1, max: 256 }, summary: 'how many packages are copied at once' },
  },
  examples: [
    { line: 'buildcache sync -u ./cache oci://ghcr.io/me/cache', does: 'from a folder to a registry' },
    {
      line: 'buildcache sync -u my-mirror oci-layout:///media/usb/cache greet',
      does: 'greet and what it needs, to carry away',
    },
    { line: 'buildcache sync staging release', does: 'everything, signatures and all' },
  ],
  json: '{ packages: [{ name, version, hash, outcome: "copied"|"exists"|"failed", sizeBytes?, error? }], index?: { packages, changed } }',
  async run(context, { options, words }): Promise<SyncResult> {
    const session = await openSession(context);
    const [from = '', to = '', ...specs] = words;
    const queries = session.parse(specs);
    await using source = await openNamedMirror(from, 'fetch', session.mirrorOptions);
    await using target = await openNamedMirror(to, 'push', session.mirrorOptions);
    const { only, force, unsigned, jobs } = options;
    return await sync(
      {
        source: unsigned ? { ...source.mirror, signed: false } : source.mirror,
        target: unsigned ? { ...target.mirror, signed: false } : target.mirror,
        queries,
        scope: only === 'package' || only === 'dependencies' ? only : 'all',
        force,
        updateIndex: true,
        concurrency: jobs ?? DEFAULT_JOBS,
        cache: createBlobCache(join(session.configuration.paths.miscCache, 'blobs')),
      },
      session.pipeline,
    );
  },
  text: countText,
  document: ({ packages, index }) => ({
    packages: packages.map(({ spec, outcome, sizeBytes, error }) => ({
      ...describeSpec(spec),
      outcome,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
      ...describeFailure(error),
    })),
    ...(index === undefined ? {} : { index }),
  }),
  exitCode: ({ packages }) => failureExitCode(packages.map(({ error }) => error)),
});

export default command;

function countText({ packages }: SyncResult, { paint }: TextStyle): string {
  if (packages.length === 0) return 'nothing to copy: the source is empty\n';
  const count = (wanted: string): number => packages.filter(({ outcome }) => outcome === wanted).length;
  const [copied, there, failed] = [count('copied'), count('exists'), count('failed')];
  const counts = [`${copied} copied`, ...(there > 0 ? [`${there} already there`] : [])];
  if (failed > 0) counts.push(paint('red', `${failed} failed`));
  return `${counts.join(', ')}\n`;
}
