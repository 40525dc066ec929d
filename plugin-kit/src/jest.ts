import { describe, test } from '@jest/globals';
import { type ContractCase, type CreateContext, runCase } from './contract.ts';

/** One jest test for each case; a case that does not apply passes. */
export function describeContract<Context extends AsyncDisposable>(
  name: string,
  cases: readonly ContractCase<Context>[],
  createContext: CreateContext<Context>,
): void {
  describe(name, () => {
    for (const each of cases) {
      test(each.name, async () => {
        const outcome = await runCase(each, createContext);
        if (outcome.status === 'failed') throw outcome.error;
      });
    }
  });
}
