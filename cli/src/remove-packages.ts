import { type ConcreteSpec } from '@berth/spec';
import { confirm } from './commands/confirm.ts';
import { type CommandContext } from './context.ts';
import { type Session } from './session.ts';

export interface RemoveOptions {
  readonly session: Session;
  readonly context: CommandContext;
  /** Although installed packages need them. */
  readonly force: boolean;
  readonly ask: boolean;
}

/** Removes packages in the given order, dependents first, one after the other. */
export async function removePackages(
  specs: readonly ConcreteSpec[],
  { session, context, force, ask }: RemoveOptions,
): Promise<{ readonly removed: readonly ConcreteSpec[] }> {
  const { store, pipeline } = session;
  await store.sweepStaging(pipeline);
  if (specs.length === 0) return { removed: [] };
  if (ask) await confirm(`Remove ${specs.length} packages (${specs.map(shortLabel).join(', ')})?`, context);
  for (const spec of specs) {
    await store.uninstall(spec.hash, { force, signal: pipeline.signal });
    pipeline.emit({ type: 'task-end', id: spec.hash, kind: 'uninstall', label: shortLabel(spec), outcome: 'done' });
  }
  return { removed: specs };
}

function shortLabel({ name, hash }: ConcreteSpec): string {
  return `${name}/${hash.slice(0, 7)}`;
}
