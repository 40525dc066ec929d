import { z } from '@berth/base';
import { oneOrMoreTexts } from './common.ts';

/** A product of rows of constraints, without what satisfies an excluded spec (configuration §17). */
export interface MatrixSection {
  readonly matrix: readonly (readonly string[])[];
  readonly exclude?: readonly string[] | undefined;
}

/** `specs:` and the lists of `definitions:`. */
export type SpecListSection = readonly (string | MatrixSection | null)[];

const matrix = z.strictObject({
  matrix: z.array(z.array(z.string())),
  exclude: z.array(z.string()).optional(),
});

export const specListSchema: z.ZodType<SpecListSection> = z.array(z.union([z.string(), matrix, z.null()]));

/** One list by name, with the condition under which it counts. */
export type DefinitionSection = Readonly<Record<string, SpecListSection | string | undefined>>;

export type DefinitionsSection = readonly DefinitionSection[];

export const definitionsSchema: z.ZodType<DefinitionsSection> = z.array(
  z
    .object({ when: z.string().optional() })
    .catchall(specListSchema)
    .refine((value) => Object.keys(value).filter((key) => key !== 'when').length === 1, {
      message: 'expected exactly one list name beside when',
    }),
);

/** Name → spec or list of conditional specs; used as `%name` (configuration §15.6). */
export type ToolchainsSection = Readonly<
  Record<string, string | readonly { readonly spec: string; readonly when?: string | undefined }[]>
>;

export const toolchainsSchema: z.ZodType<ToolchainsSection> = z.record(
  z.string(),
  z.union([z.string(), z.array(z.strictObject({ spec: z.string(), when: z.string().optional() }))]),
);

/** Name → spec and folder of a package that is built from the user's sources (configuration §15.3). */
export type DevelopSection = Readonly<Record<string, { readonly spec: string; readonly path?: string | undefined }>>;

export const developSchema: z.ZodType<DevelopSection> = z.record(
  z.string(),
  z.strictObject({ spec: z.string(), path: z.string().optional() }),
);

/** Environments whose roots count as ours too (configuration §16.5). */
export const includeConcreteSchema: z.ZodType<string | readonly string[]> = oneOrMoreTexts;
