export * from './spec.ts';

export * from './target/cpu-row.ts';
export * from './target/target.ts';

export * from './variant/variant.ts';

export * from './version/derived.ts';
export * from './version/preference.ts';
export * from './version/range.ts';
export * from './version/segments.ts';
export * from './version/version.ts';
export * from './version/version-list.ts';
