/** One promise of a contract, checked against one implementation. Fails by throwing. */
export interface ContractCase<Context> {
  /** A sentence about behaviour. */
  readonly name: string;
  /** False when the implementation does not declare the capability that the case is about. Absent: always. */
  readonly applies?: (context: Context) => boolean;
  readonly run: (context: Context) => Promise<void>;
}

/** What a case leaves behind: `skipped` when it does not apply. */
export type CaseOutcome =
  | { readonly name: string; readonly status: 'passed' | 'skipped' }
  | { readonly name: string; readonly status: 'failed'; readonly error: unknown };

/** A context for one case, disposed of after it: every case starts from nothing. */
export type CreateContext<Context extends AsyncDisposable> = () => Promise<Context>;

/** Runs each case in a context of its own, one after the other. */
export async function runContract<Context extends AsyncDisposable>(
  cases: readonly ContractCase<Context>[],
  createContext: CreateContext<Context>,
): Promise<readonly CaseOutcome[]> {
  const outcomes: CaseOutcome[] = [];
  for (const each of cases) outcomes.push(await runCase(each, createContext));
  return outcomes;
}

/** Runs one case; never rejects. */
export async function runCase<Context extends AsyncDisposable>(
  { name, applies, run }: ContractCase<Context>,
  createContext: CreateContext<Context>,
): Promise<CaseOutcome> {
  try {
    await using context = await createContext();
    if (applies?.(context) === false) return { name, status: 'skipped' };
    await run(context);
    return { name, status: 'passed' };
  } catch (error) {
    return { name, status: 'failed', error };
  }
}
