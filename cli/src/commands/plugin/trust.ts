import { type TrustedPlugin, trustPlugin } from '@berth/core';
import { resolve } from 'node:path';
import { type Command, defineCommand } from '../../command.ts';

const command: Command = defineCommand({
  summary: 'let code of a project run: a plugin or a configuration file',
  description:
    'Pins the SHA-256 of a file, or of all files of a package, in your own configuration folder. When the content\n' +
    'changes it has to be trusted again. A file is pinned alone: what it imports is not. Data files need no trust.',
  arguments: [
    {
      name: 'path',
      summary: 'a plugin file, a package folder or a berth.config.ts|js|mjs|cjs',
      required: true,
      variadic: true,
    },
  ],
  options: {},
  examples: [
    { line: 'plugin trust ./berth.config.mjs', does: 'trust a configuration that is code' },
    { line: 'plugin trust node_modules/our-mirror', does: 'trust a plugin that the project brings along' },
  ],
  json: '{ trusted: [{ path, sha256, previous?: sha256 }] }',
  async run(context, { words }): Promise<{ readonly trusted: readonly TrustedPlugin[] }> {
    const places = await context.places();
    const trusted: TrustedPlugin[] = [];
    for (const word of words) trusted.push(await trustPlugin(resolve(context.cwd(), word), places));
    return { trusted };
  },
  text({ trusted }) {
    return trusted.map(({ path, sha256 }) => `trusted ${path} (sha256:${sha256})\n`).join('');
  },
});

export default command;
