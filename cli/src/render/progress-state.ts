import { type BerthEvent, type TaskKind } from '@berth/base';

/** A task that has begun and not ended. */
export interface RunningTask {
  readonly label: string;
  readonly kind: TaskKind;
  readonly totalBytes: number | undefined;
  bytes: number;
}

/** What is shown of the work going on: totals of all plans, and what is in flight. */
export interface ProgressState {
  readonly running: Map<string, RunningTask>;
  readonly planned: Map<TaskKind, number>;
  readonly ended: Map<TaskKind, number>;
  plannedBytes: number;
  bytes: number;
}

export function createProgressState(): ProgressState {
  return { running: new Map(), planned: new Map(), ended: new Map(), plannedBytes: 0, bytes: 0 };
}

/** Takes one event in. */
export function applyEvent(state: ProgressState, event: BerthEvent): void {
  if (event.type === 'plan') {
    state.planned.set(event.kind, event.packages);
    state.plannedBytes = event.bytes ?? state.plannedBytes;
  } else if (event.type === 'task-start') {
    state.running.set(event.id, { label: event.label, kind: event.kind, totalBytes: event.totalBytes, bytes: 0 });
  } else if (event.type === 'task-progress') {
    const task = state.running.get(event.id);
    if (task !== undefined) task.bytes += event.bytes;
    state.bytes += event.bytes;
  } else if (event.type === 'task-end') {
    state.running.delete(event.id);
    state.ended.set(event.kind, (state.ended.get(event.kind) ?? 0) + 1);
  }
}

/** `3/12` of a kind of task that has a plan. */
export function countOf(state: ProgressState, kind: TaskKind): string | undefined {
  const planned = state.planned.get(kind);
  return planned === undefined ? undefined : `${state.ended.get(kind) ?? 0}/${planned}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `45.2 MB`: powers of 1000, three digits. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}
