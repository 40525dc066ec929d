import { type ConcreteSpec } from '@berth/spec';
import { UsageError } from '../arguments/usage-error.ts';
import { type Command, defineCommand } from '../command.ts';
import { selectInstalled } from '../query/select-installed.ts';
import { describeSpec } from '../render/describe.ts';
import { openStoreSession } from '../store-session.ts';

interface Marked {
  readonly specs: readonly ConcreteSpec[];
  readonly explicit: boolean;
}

const command: Command = defineCommand({
  summary: 'record that packages were asked for, or that they were not',
  description: 'berth gc keeps what was asked for, and what that needs.',
  arguments: [{ name: 'specs', summary: 'installed specs or /HASHes', variadic: true, specs: true }],
  options: {
    explicit: { short: 'e', excludes: ['implicit'], summary: 'they were asked for' },
    implicit: { short: 'i', summary: 'they are there only because others need them' },
    all: { short: 'a', summary: 'mark every package that matches; without specs, every package' },
  },
  examples: [
    { line: 'mark -e libgreet', does: 'keep libgreet even when nothing needs it' },
    { line: 'mark -i -a greet', does: 'let gc remove every greet' },
  ],
  json: '{ explicit, packages: [{ name, version, hash }] }',
  async run(context, { options, words }): Promise<Marked> {
    const { explicit } = options;
    if (explicit === options.implicit) throw new UsageError('mark: --explicit or --implicit is missing');
    if (words.length === 0 && !options.all) {
      throw new UsageError('mark: no spec is given', 'Name installed specs; --all alone marks everything.');
    }
    const session = await openStoreSession(context);
    const { database } = session.store;
    const specs = selectInstalled(session, words, { all: options.all, snapshot: await database.read(session) });
    await database.transaction((transaction) => {
      for (const { hash } of specs) {
        if (transaction.get(hash)?.explicit !== explicit) transaction.mark(hash, explicit);
      }
    }, session);
    return { specs, explicit };
  },
  text: () => '',
  document: ({ specs, explicit }) => ({ explicit, packages: specs.map(describeSpec) }),
});

export default command;
