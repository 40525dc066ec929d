// Appends a line to a file whenever an installation or a push has ended.
import { appendFile } from 'node:fs/promises';

export default {
  name: 'notify',
  apiVersion: 1,
  options: ({ z }) => z.strictObject({ file: z.string() }),
  apply(berth, { file }) {
    const note = (verb) => async (plan) => {
      const names = plan.packages.map(({ spec }) => `${spec.name}@${spec.version}`);
      await appendFile(file, `${new Date().toISOString()} ${verb} ${names.length} packages: ${names.join(' ')}\n`);
    };
    berth.hooks.install.after.tapPromise('notify', note('installed'));
    berth.hooks.push.after.tapPromise('notify', note('pushed'));
  },
};
