import { listBinaries, type ListedBinary } from '@berth/core';
import { compareSpecs, DISPLAY_FORMAT, formatString } from '@berth/spec';
import { type Command, defineCommand } from '../../command.ts';
import { describeSpec } from '../../render/describe.ts';
import { formatListing } from '../../render/listing.ts';
import { namesArchitecture, openSession, runsHere, withBinaryMirrors } from '../../session.ts';
import { type EntryOptions, listingEntries } from './listing-entry.ts';

interface Listed {
  readonly binaries: readonly ListedBinary[];
  readonly show: EntryOptions;
}

const SHORT_HASH = 7;
const WHOLE_HASH = 32;

const command: Command = defineCommand({
  summary: 'list the packages that the mirrors have binaries of',
  description:
    'Reads the indexes of all binary mirrors. Shows what runs on this machine: its platform and operating system, and its processor or an older one that it is compatible with.',
  arguments: [{ name: 'specs', summary: 'list only what matches one of these', variadic: true, specs: true }],
  options: {
    long: { short: 'l', summary: 'show the first characters of hashes' },
    'very-long': { short: 'L', summary: 'show whole hashes' },
    namespaces: { short: 'N', summary: 'show namespaces' },
    variants: { short: 'v', summary: 'show variants' },
    allarch: { short: 'a', summary: 'also list what is built for other machines' },
  },
  examples: [
    { line: 'buildcache list', does: 'what can be installed here' },
    { line: 'buildcache list -a -l greet', does: 'every binary of greet, with its hash' },
  ],
  json: '{ packages: [{ name, version, hash, namespace, platform, os, target, spec, mirrors: [name] }] }',
  async run(context, { options, words }): Promise<Listed> {
    const session = await openSession(context);
    const fits = runsHere(session.configuration);
    const binaries = await withBinaryMirrors(session, (mirrors) =>
      listBinaries(
        {
          mirrors,
          queries: session.parse(words),
          accept: (spec, query) => options.allarch || namesArchitecture(query) || fits(spec),
        },
        session.pipeline,
      ),
    );
    const shortHash = options.long ? SHORT_HASH : 0;
    const hashLength = options['very-long'] ? WHOLE_HASH : shortHash;
    return {
      binaries: binaries.toSorted((a, b) => compareSpecs(a.spec, b.spec)),
      show: { hashLength, namespace: options.namespaces, variants: options.variants },
    };
  },
  text: ({ binaries, show }, style) => {
    const { length } = binaries;
    const count = style.tty && length > 0 ? `${length} cached build${length === 1 ? '' : 's'}\n` : '';
    const specs = binaries.map(({ spec }) => spec);
    return `${count}${formatListing(listingEntries(specs, show, style), { style })}`;
  },
  document: ({ binaries }) => ({
    packages: binaries.map(({ spec, mirrors }) => ({
      ...describeSpec(spec),
      namespace: spec.namespace,
      ...spec.architecture,
      spec: formatString(spec, DISPLAY_FORMAT),
      mirrors,
    })),
  }),
});

export default command;
