import { z } from '@berth/base';

/** A list of texts: specs, paths, words. */
export const texts: z.ZodType<readonly string[]> = z.array(z.string());

/** A text or a list of texts. */
export const oneOrMoreTexts: z.ZodType<string | readonly string[]> = z.union([z.string(), z.array(z.string())]);

/** Changes of environment variables (configuration §15.4). */
export interface EnvironmentChanges {
  readonly set?: Readonly<Record<string, string | number>> | undefined;
  readonly prepend_path?: Readonly<Record<string, string | number>> | undefined;
  readonly append_path?: Readonly<Record<string, string | number>> | undefined;
  readonly remove_path?: Readonly<Record<string, string | number>> | undefined;
  readonly unset?: readonly string[] | undefined;
}

const variables = z.record(z.string(), z.union([z.string(), z.number()])).optional();

export const environmentChanges: z.ZodType<EnvironmentChanges> = z.strictObject({
  set: variables,
  prepend_path: variables,
  append_path: variables,
  remove_path: variables,
  unset: z.array(z.string()).optional(),
});

/** Spec or `all` → format of a path, in order (configuration §11, §18). */
export const projections: z.ZodType<Readonly<Record<string, string>>> = z.record(z.string(), z.string());
