import { type ConfigEdit } from '@berth/config';
import { type TextStyle } from '../../command.ts';

/** Silent about what was done, as Spack is, but not about what had no effect; with `-v` every file is named. */
export function editsText(edits: readonly ConfigEdit[], { verbose }: TextStyle): string {
  const changed = edits.filter((edit) => edit.changed);
  if (changed.length === 0) return 'no changes\n';
  return verbose ? changed.map(({ scope, file }) => `changed ${file} (scope ${scope})\n`).join('') : '';
}
