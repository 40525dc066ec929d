import { redactUrl } from '@berth/base';
import { formatMirrorList, type MirrorConfig, mirrorEndpoint } from '@berth/config';
import { type Command, defineCommand } from '../../command.ts';

const command: Command = defineCommand({
  summary: 'list the configured mirrors in the order in which they are asked',
  arguments: [],
  options: {},
  examples: [
    { line: 'mirror list', does: 'name, [source binary], address' },
    { line: 'mirror list --json', does: 'the same, with signing and views' },
  ],
  json: '{ mirrors: [{ name, binary, source, signed, autopush, fetch: url, push: url }] }, secrets hidden',
  async run(context): Promise<readonly MirrorConfig[]> {
    const [configuration, host] = [await context.configuration(), await context.plugins()];
    const schemes = await host.mirrorSchemes({ signal: context.signal });
    return configuration.mirrors({ extraSchemes: new Set(schemes) });
  },
  document: (mirrors) => ({
    mirrors: mirrors.map((mirror) => ({
      name: mirror.name,
      binary: mirror.binary,
      source: mirror.source,
      signed: mirror.signed,
      autopush: mirror.autopush,
      fetch: redactUrl(mirrorEndpoint(mirror, 'fetch').url),
      push: redactUrl(mirrorEndpoint(mirror, 'push').url),
    })),
  }),
  text(mirrors) {
    if (mirrors.length === 0) return 'no mirrors are configured\n';
    return formatMirrorList(mirrors)
      .map((line) => `${line}\n`)
      .join('');
  },
});

export default command;
