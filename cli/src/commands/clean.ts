import { BerthError } from '@berth/base';
import { clearCache, type ClearedCache } from '@berth/buildcache';
import { type Command, defineCommand } from '../command.ts';

const command: Command = defineCommand({
  summary: 'remove what is kept to save time: downloads and indexes',
  description:
    'Everything is fetched again when it is needed. What Spack keeps in the same folder stays. A push or an installation that is running may fail and has to be run again.',
  arguments: [],
  options: {
    'misc-cache': { short: 'm', summary: 'blobs and indexes of mirrors' },
    all: { short: 'a', summary: 'everything' },
  },
  examples: [{ line: 'clean -a', does: 'remove everything that can be fetched again' }],
  json: '{ folder, files, bytes }',
  async run(context, { options }): Promise<ClearedCache & { readonly folder: string }> {
    if (!options.all && !options['misc-cache']) {
      throw new BerthError('usage', 'ERR_NOTHING_TO_CLEAN', 'clean: nothing is chosen to be removed', {
        hint: 'Give --misc-cache, or --all.',
      });
    }
    const { miscCache } = (await context.configuration()).paths;
    return { folder: miscCache, ...(await clearCache(miscCache, context)) };
  },
  text: ({ files, bytes, folder }) =>
    `${files} file${files === 1 ? '' : 's'} (${(bytes / 1e6).toFixed(1)} MB) removed from ${folder}\n`,
});

export default command;
