import { type RecordQuery, type RecordState } from '@berth/store';
import { parseDate } from './date.ts';

/** The options of `find` that choose among records, by their names (cli §9). */
export interface RecordOptions {
  readonly explicit: boolean;
  readonly implicit: boolean;
  readonly external: boolean;
  readonly missing: boolean;
  readonly 'only-missing': boolean;
  readonly deprecated: boolean;
  readonly 'only-deprecated': boolean;
  readonly loaded: boolean;
  readonly 'start-date': string | undefined;
  readonly 'end-date': string | undefined;
}

export interface QueryFacts {
  /** `SPACK_LOADED_HASHES`. */
  readonly loadedHashes: string | undefined;
  readonly nowSeconds: number;
}

/** What those options ask the database for. Throws a UsageError for a bad date. */
export function installedQuery(
  options: RecordOptions,
  { loadedHashes, nowSeconds }: QueryFacts,
): Required<Pick<RecordQuery, 'states' | 'explicit' | 'predicate'>> {
  const loaded = options.loaded ? new Set((loadedHashes ?? '').split(':')) : undefined;
  const start = boundary(options['start-date'], nowSeconds) ?? -Infinity;
  const end = boundary(options['end-date'], nowSeconds) ?? Infinity;
  return {
    states: statesOf(options),
    explicit: explicitOf(options),
    predicate: ({ hash, installationTime: { value } }) =>
      (loaded === undefined || loaded.has(hash)) && value > start && value < end,
  };
}

function boundary(text: string | undefined, nowSeconds: number): number | undefined {
  return text === undefined ? undefined : parseDate(text, nowSeconds);
}

function explicitOf({ explicit, implicit }: RecordOptions): boolean | undefined {
  if (explicit) return true;
  return implicit ? false : undefined;
}

function statesOf(options: RecordOptions): readonly RecordState[] {
  if (options['only-missing']) return ['missing'];
  if (options['only-deprecated']) return ['deprecated'];
  return [
    'installed',
    ...(options.missing ? (['missing'] as const) : []),
    ...(options.deprecated ? (['deprecated'] as const) : []),
  ];
}
