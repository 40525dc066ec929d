import { type BerthEvent } from '@berth/base';
import { lineOf, type LineOptions } from './lines.ts';
import { applyEvent, createProgressState } from './progress-state.ts';

/** Shows events while a command runs. */
export interface Renderer {
  readonly emit: (event: BerthEvent) => void;
  /** Leaves the screen as it should stay; nothing is written afterwards. */
  readonly close: () => void;
}

/** One line for each event that leaves one, no cursor codes: for files, pipes and CI. */
export function createPlainRenderer(options: LineOptions & { readonly write: (text: string) => void }): Renderer {
  const state = createProgressState();
  return {
    emit: (event) => {
      applyEvent(state, event);
      const line = lineOf(event, state, options);
      if (line !== undefined) options.write(`${line}\n`);
    },
    close: () => undefined,
  };
}
