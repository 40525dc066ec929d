import { escapeControls, ioError } from '@berth/base';
import { type PruneSummary } from '@berth/buildcache';
import { openNamedMirror, type OpenMirror, parseKeepList, pruneMirror } from '@berth/core';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Command, type CommandInput, defineCommand, type OptionSpecs } from '../../command.ts';
import { type CommandContext } from '../../context.ts';
import { parseDuration } from '../../arguments/duration.ts';
import { openSession } from '../../session.ts';
import { confirm } from '../confirm.ts';

const options = {
  keeplist: {
    short: 'k',
    value: 'file',
    summary: 'remove every package whose hash is not in this file, one hash a line',
  },
  'older-than': {
    value: 'duration',
    summary: 'spare what was written later than this: 90s, 30m, 12h, 7d (default: 1d)',
  },
  'dry-run': { summary: 'only say what would be removed' },
  'yes-to-all': { short: 'y', summary: 'do not ask' },
} as const satisfies OptionSpecs;

const DEFAULT_GRACE = '1d';

interface Pruned extends PruneSummary {
  readonly mirror: OpenMirror;
  readonly dryRun: boolean;
}

const command: Command = defineCommand({
  summary: 'remove from a mirror what nothing needs',
  description:
    'Removes packages whose blobs are gone and blobs that no package, index or key names; with a list of packages to keep, all other packages too, whatever depends on them. Then the index is brought up to date. If anything cannot be listed or read, nothing is removed. What is young is spared, since somebody may be pushing. A registry does not tell how old things are, so it is pruned only with --older-than 0; its blobs are its own to collect.',
  arguments: [{ name: 'mirror', summary: 'a configured name, or a path or address', required: true }],
  options,
  examples: [
    { line: 'buildcache prune --dry-run ./cache', does: 'what nothing names' },
    { line: 'buildcache prune -k release.txt --older-than 30d ./cache', does: 'keep a release, and what is new' },
  ],
  json: '{ mirror, dryRun, removed: [{ key, reason: "not-kept"|"incomplete"|"unreferenced", hash?, sizeBytes? }], spared, index?: { packages, changed } }',
  async run(context, input): Promise<Pruned> {
    const { options: values, words } = input;
    const graceMs = parseDuration(values['older-than'] ?? DEFAULT_GRACE, '--older-than');
    const keep = await readKeepList(context, input);
    const session = await openSession(context);
    await using opened = await openNamedMirror(words[0] ?? '', 'push', session.mirrorOptions);
    const { mirror } = opened;
    const dryRun = values['dry-run'];
    const prune = (dry: boolean): Promise<PruneSummary> =>
      pruneMirror(mirror, { keep, graceMs, dryRun: dry }, session.pipeline);
    if (!dryRun && !values['yes-to-all']) {
      const planned = await prune(true);
      if (planned.removed.length === 0) return { mirror, dryRun, ...planned };
      await confirm(`Remove ${countOf(planned)} from ${mirror.name}?`, context);
    }
    return { mirror, dryRun, ...(await prune(dryRun)) };
  },
  text: (pruned) => {
    const lines = pruned.dryRun
      ? pruned.removed.map(({ key, reason }) => `${reason.padEnd(WIDTH)} ${escapeControls(key)}\n`)
      : [];
    const spared = pruned.spared > 0 ? `; ${pruned.spared} too young or changed` : '';
    return `${lines.join('')}${countOf(pruned)} ${pruned.dryRun ? 'would be removed' : 'removed'}${spared}\n`;
  },
  document: ({ mirror: { name }, dryRun, removed, spared, index }) => ({
    mirror: name,
    dryRun,
    removed,
    spared,
    ...(index === undefined ? {} : { index }),
  }),
});

export default command;

const WIDTH = 'unreferenced'.length;

async function readKeepList(
  context: CommandContext,
  { options: { keeplist } }: CommandInput<typeof options>,
): Promise<ReadonlySet<string> | undefined> {
  if (keeplist === undefined) return undefined;
  const path = resolve(context.cwd(), keeplist);
  try {
    return parseKeepList(await readFile(path, 'utf8'), keeplist);
  } catch (error) {
    throw ioError(`keep list ${keeplist}`, error);
  }
}

/** `2 packages and 5 blobs (12.3 MB)`. */
function countOf({ removed }: PruneSummary): string {
  const packages = removed.filter(({ hash }) => hash !== undefined).length;
  const others = removed.length - packages;
  const bytes = removed.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  const size = bytes > 0 ? ` (${(bytes / 1e6).toFixed(1)} MB)` : '';
  const counts = [
    ...(packages > 0 ? [`${packages} package${packages === 1 ? '' : 's'}`] : []),
    ...(others > 0 || packages === 0 ? [`${others} blob${others === 1 ? '' : 's'}`] : []),
  ];
  return `${counts.join(' and ')}${size}`;
}
