import { type BerthEvent, escapeControls, type TaskKind } from '@berth/base';
import { type Paint } from './paint.ts';
import { countOf, type ProgressState } from './progress-state.ts';

export interface LineOptions {
  readonly paint: Paint;
  readonly verbose: boolean;
  readonly debug: boolean;
  readonly quiet: boolean;
}

/** What is said of a finished task; kinds without a word are steps of another task and say nothing. */
const DONE: Readonly<Partial<Record<TaskKind, string>>> = {
  install: 'installed',
  upload: 'pushed',
  uninstall: 'uninstalled',
  'update-index': 'updated index of',
};

/** The line, without a newline, that stays on screen for an event; `undefined` for events that leave none. */
export function lineOf(event: BerthEvent, state: ProgressState, options: LineOptions): string | undefined {
  switch (event.type) {
    case 'task-end':
      return options.quiet ? undefined : endLine(event, state, options);
    case 'warning': {
      const hint = event.hint === undefined ? '' : `\n  ${escapeControls(event.hint)}`;
      return `${options.paint('yellow', 'warning:')} ${escapeControls(event.message)}${hint}`;
    }
    case 'decision':
      return options.verbose
        ? `${escapeControls(event.subject)}: ${escapeControls(event.decision)}: ${escapeControls(event.reason)}`
        : undefined;
    case 'debug':
      return options.debug ? options.paint('gray', `debug: ${escapeControls(event.message)}`) : undefined;
    default:
      return undefined;
  }
}

function endLine(
  event: BerthEvent & { readonly type: 'task-end' },
  state: ProgressState,
  { paint, verbose }: LineOptions,
): string | undefined {
  const word = DONE[event.kind];
  if (word === undefined && event.outcome !== 'failed') return undefined;
  if (event.outcome === 'skipped' && !verbose) return undefined;
  const count = countOf(state, event.kind);
  const verb = {
    done: paint('green', word ?? ''),
    skipped: 'skipped',
    failed: paint('red', `failed to ${event.kind}`),
  }[event.outcome];
  const message = event.message === undefined ? '' : `: ${escapeControls(event.message)}`;
  return `${count === undefined ? '' : `[${count}] `}${verb} ${escapeControls(event.label)}${message}`;
}
