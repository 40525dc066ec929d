import { type ConcreteSpec } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';
import { type PaintFormat, type TextStyle } from '../command.ts';

/** Where a package is, as the markers of listings and trees tell it (cli §4.1). */
export type InstallStatus = 'installed' | 'upstream' | 'external' | 'absent' | 'missing';

/** `missing` is on record but not on disk, such as a build dependency of something that came from a build cache. */
export function installStatus(spec: ConcreteSpec, snapshot: DatabaseSnapshot): InstallStatus {
  if (spec.external !== undefined) return 'external';
  const record = snapshot.get(spec.hash);
  if (record === undefined) return 'absent';
  if (!record.installed) return 'missing';
  return snapshot.upstreamOf(spec.hash) === undefined ? 'installed' : 'upstream';
}

const MARKERS: Readonly<Record<InstallStatus, readonly [string, PaintFormat]>> = {
  installed: ['[+]', 'green'],
  upstream: ['[^]', 'green'],
  external: ['[e]', 'magenta'],
  absent: [' - ', 'gray'],
  missing: ['[-]', 'red'],
};

/** Three columns wide, without the blanks behind it. */
export function statusMarker(status: InstallStatus, { paint }: Pick<TextStyle, 'paint'>): string {
  const [text, format] = MARKERS[status];
  return paint(format, text);
}
