import { styleText } from 'node:util';
import { type PaintFormat } from '../command.ts';
import { type ProcessFacts, type StreamFacts } from '../process-facts.ts';

export type Paint = (format: PaintFormat, text: string) => string;

/** Colours for one stream: `--color` or `SPACK_COLOR` first, then `NO_COLOR`, then whether it is a terminal. */
export function createPaint(
  stream: StreamFacts,
  options: { readonly color: string | undefined; readonly env: ProcessFacts['env'] },
): Paint {
  const { env } = options;
  const color = options.color ?? env['SPACK_COLOR'] ?? 'auto';
  const wanted = color === 'always' || (color === 'auto' && stream.tty && (env['NO_COLOR'] ?? '') === '');
  return wanted ? (format, text) => styleText(format, text, { validateStream: false }) : (_format, text) => text;
}
