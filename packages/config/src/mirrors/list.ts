import { escapeControls, redactUrl } from '@berth/base';
import { type MirrorConfig } from './mirror.ts';

/** The lines of `mirror list` (cli §6.4), secrets hidden. */
export function formatMirrorList(mirrors: readonly MirrorConfig[]): string[] {
  const width = mirrors.reduce((widest, { name }) => Math.max(widest, name.length), 0);
  return mirrors.map((mirror) => {
    const kinds = `[${mirror.source ? 's' : ' '}${mirror.binary ? 'b' : ' '}]`;
    return `${escapeControls(mirror.name).padEnd(width)} ${kinds} ${shownUrls(mirror)}`;
  });
}

function shownUrls({ fetch, push }: MirrorConfig): string {
  const from = redactUrl(fetch.url);
  if (push === undefined) return `fetch: ${from}`;
  return push.url === fetch.url ? from : `fetch: ${from} push: ${redactUrl(push.url)}`;
}
