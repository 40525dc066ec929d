import { type ReindexResult } from '@berth/store';
import { type Command, defineCommand } from '../command.ts';
import { openSession } from '../session.ts';

const command: Command = defineCommand({
  summary: 'rebuild the database from what is on disk',
  description: 'The old database stays beside the new one as index.json.bkp.',
  arguments: [],
  options: {},
  examples: [{ line: 'reindex', does: 'find every installed package again' }],
  json: '{ recorded, found }: records in the database, and packages found on disk',
  async run(context): Promise<ReindexResult> {
    const { store, pipeline } = await openSession(context);
    return store.reindex(pipeline);
  },
  text: ({ recorded, found }) => `${found} packages found, ${recorded} records\n`,
});

export default command;
