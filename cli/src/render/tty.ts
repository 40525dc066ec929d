import { escapeControls, type TaskKind } from '@berth/base';
import { lineOf, type LineOptions } from './lines.ts';
import { type Renderer } from './plain.ts';
import { applyEvent, countOf, createProgressState, formatBytes, type ProgressState } from './progress-state.ts';

/** Milliseconds between two paintings of the status line. */
const FRAME_MS = 100;
/** The rate is that of about the last five seconds. */
const RATE_WINDOW_MS = 5000;

export interface TtyOptions extends LineOptions {
  readonly write: (text: string) => void;
  /** Columns of the terminal, asked at each painting. */
  readonly columns: () => number;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

const CLEAR_LINE = '\r\u001b[K';

/** A status line that is painted over while lines that stay scroll by above it. */
export function createTtyRenderer(options: TtyOptions): Renderer {
  const state = createProgressState();
  const samples: Sample[] = [];
  let painted = false;
  let lastFrame = -Infinity;

  const clear = (): void => {
    if (painted) options.write(CLEAR_LINE);
    painted = false;
  };
  const paint = (): void => {
    const now = options.now();
    if (options.quiet || now - lastFrame < FRAME_MS) return;
    lastFrame = now;
    const line = statusLine(state, rateOf(samples, { at: now, bytes: state.bytes }));
    clear();
    if (line === '') return;
    options.write(options.paint('dim', cut(line, options.columns() - 1)));
    painted = true;
  };
  return {
    emit: (event) => {
      applyEvent(state, event);
      const line = lineOf(event, state, options);
      if (line !== undefined) {
        clear();
        options.write(`${line}\n`);
        lastFrame = -Infinity;
      }
      paint();
    },
    close: clear,
  };
}

/** Bytes a second over the window, which the new sample moves on. */
function rateOf(samples: Sample[], sample: Sample): number | undefined {
  samples.push(sample);
  while (samples.length > 2 && sample.at - (samples[0]?.at ?? 0) > RATE_WINDOW_MS) samples.shift();
  const [first] = samples;
  if (first === undefined || sample.at - first.at < FRAME_MS) return undefined;
  return ((sample.bytes - first.bytes) * 1000) / (sample.at - first.at);
}

const COUNTED: readonly TaskKind[] = ['install', 'upload', 'uninstall'];

/** `3/12 packages · 45.2 MB of 310 MB · 12.3 MB/s · zlib@1.3 62% · gcc@12.2.0 +2`; empty when nothing runs. */
function statusLine(state: ProgressState, rate: number | undefined): string {
  if (state.running.size === 0) return '';
  const count = COUNTED.map((kind) => countOf(state, kind)).find((text) => text !== undefined);
  const total = state.plannedBytes > 0 ? ` of ${formatBytes(state.plannedBytes)}` : '';
  return [
    count === undefined ? undefined : `${count} packages`,
    state.bytes > 0 ? `${formatBytes(state.bytes)}${total}` : undefined,
    rate !== undefined && rate > 0 ? `${formatBytes(rate)}/s` : undefined,
    ...inFlight(state),
  ]
    .filter((part) => part !== undefined)
    .join(' · ');
}

function inFlight({ running }: ProgressState): readonly string[] {
  const shown = [...running.values()].slice(-3).map(({ label, bytes, totalBytes }) => {
    const percent =
      totalBytes === undefined || totalBytes === 0 ? '' : ` ${Math.min(100, Math.floor((bytes * 100) / totalBytes))}%`;
    return `${escapeControls(label)}${percent}`;
  });
  return running.size > shown.length ? [...shown, `+${running.size - shown.length}`] : shown;
}

function cut(line: string, columns: number): string {
  return line.length <= columns ? line : `${line.slice(0, Math.max(0, columns - 1))}…`;
}
