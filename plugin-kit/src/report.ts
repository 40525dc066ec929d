import { messageOf } from '@berth/base';
import { type CaseOutcome, runContract } from './contract.ts';
import { type MirrorContext } from './mirror-context.ts';
import { mirrorContract } from './mirror-contract.ts';
import { objectStoreContract, type ObjectStoreContext } from './object-store-contract.ts';

/** What a module given to `berth-plugin-kit` exports by default: how to make what is to be tested. */
export interface KitSubject {
  readonly objectStore?: () => Promise<ObjectStoreContext>;
  readonly mirror?: () => Promise<MirrorContext>;
}

/** Runs every contract that `subject` has an implementation of. */
export async function runSubject(subject: KitSubject): Promise<readonly CaseOutcome[]> {
  const { objectStore, mirror } = subject;
  return [
    ...(objectStore === undefined ? [] : await runContract(objectStoreContract, objectStore)),
    ...(mirror === undefined ? [] : await runContract(mirrorContract, mirror)),
  ];
}

/** Outcomes as TAP version 13, one line each and a plan at the end. */
export function formatTap(outcomes: readonly CaseOutcome[]): string {
  const lines = outcomes.map((outcome, position) => {
    const label = `${position + 1} - ${outcome.name}`;
    if (outcome.status === 'failed') return `not ok ${label}\n# ${messageOf(outcome.error).replaceAll('\n', '\n# ')}`;
    return `ok ${label}${outcome.status === 'skipped' ? ' # SKIP not declared' : ''}`;
  });
  return ['TAP version 13', ...lines, `1..${outcomes.length}`, ''].join('\n');
}
