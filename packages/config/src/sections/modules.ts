import { z } from '@berth/base';
import { oneOrMoreTexts, texts } from './common.ts';

/** Relative folder of a prefix → variables that its path is put in front of. */
export type PrefixInspections = Readonly<Record<string, readonly string[]>>;

export interface ModuleSetSection {
  readonly roots?: { readonly tcl?: string | undefined; readonly lmod?: string | undefined } | undefined;
  readonly enable?: readonly string[] | undefined;
  readonly use_view?: boolean | string | undefined;
  readonly arch_folder?: boolean | undefined;
  readonly prefix_inspections?: PrefixInspections | undefined;
  readonly tcl?: Readonly<Record<string, unknown>> | undefined;
  readonly lmod?: Readonly<Record<string, unknown>> | undefined;
}

/** `modules:`: prefix inspections, and named module sets (configuration §15.9). */
export type ModulesSection = { readonly prefix_inspections?: PrefixInspections | undefined } & Readonly<
  Record<string, ModuleSetSection | PrefixInspections | undefined>
>;

const inspections = z.record(z.string(), texts);
const kind = z.enum(['tcl', 'lmod']);
const generator = z
  .object({
    verbose: z.boolean().optional(),
    hash_length: z.int().min(0).optional(),
    include: texts.optional(),
    exclude: texts.optional(),
    exclude_implicits: z.boolean().optional(),
    hide_implicits: z.boolean().optional(),
    defaults: texts.optional(),
    naming_scheme: z.string().optional(),
    projections: z.record(z.string(), z.string()).optional(),
    core_compilers: texts.optional(),
    hierarchy: texts.optional(),
    core_specs: texts.optional(),
    filter_hierarchy_specs: z.unknown().optional(),
    all: z.unknown().optional(),
  })
  // Any other key is a spec.
  .catchall(z.looseObject({}));

const moduleSet = z.strictObject({
  roots: z.strictObject({ tcl: z.string().optional(), lmod: z.string().optional() }).optional(),
  enable: z.array(kind).optional(),
  use_view: z.union([z.boolean(), z.string()]).optional(),
  arch_folder: z.boolean().optional(),
  prefix_inspections: inspections.optional(),
  tcl: generator.optional(),
  lmod: generator.optional(),
});

export const modulesSchema: z.ZodType<ModulesSection> = z
  .object({ prefix_inspections: inspections.optional() })
  .catchall(moduleSet);

/** `upstreams:`: read-only install trees below ours (configuration §15.5). */
export type UpstreamsSection = Readonly<
  Record<string, { readonly install_tree: string; readonly modules?: Readonly<Record<string, string>> | undefined }>
>;

export const upstreamsSchema: z.ZodType<UpstreamsSection> = z.record(
  z.string(),
  z.strictObject({
    install_tree: z.string(),
    modules: z.strictObject({ tcl: z.string().optional(), lmod: z.string().optional() }).optional(),
  }),
) as never;

/** `bootstrap:` is accepted and not used (configuration §15.8). */
export interface BootstrapSection {
  readonly enable?: boolean | undefined;
  readonly root?: string | undefined;
  readonly sources?: readonly { readonly name: string; readonly metadata: string }[] | undefined;
  readonly trusted?: Readonly<Record<string, boolean>> | undefined;
}

export const bootstrapSchema: z.ZodType<BootstrapSection> = z.looseObject({
  enable: z.boolean().optional(),
  root: z.string().optional(),
  sources: z.array(z.looseObject({ name: z.string(), metadata: z.string() })).optional(),
  trusted: z.record(z.string(), z.boolean()).optional(),
});

/** `compilers:`, read only to become externals (configuration §15.10). */
export type CompilersSection = readonly {
  readonly compiler: {
    readonly spec: string;
    readonly operating_system: string;
    readonly modules: readonly string[] | null;
    readonly paths: Readonly<Record<string, string | null>>;
  } & Readonly<Record<string, unknown>>;
}[];

const path = z.string().nullable();

export const compilersSchema: z.ZodType<CompilersSection> = z.array(
  z.strictObject({
    compiler: z.strictObject({
      paths: z.strictObject({ cc: path, cxx: path, f77: path, fc: path }),
      spec: z.string(),
      modules: z.union([texts, z.null()]),
      operating_system: z.string(),
      target: z.string().optional(),
      alias: z.string().nullable().optional(),
      flags: z.record(z.string(), z.string()).optional(),
      environment: z.unknown().optional(),
      implicit_rpaths: z.union([z.boolean(), texts]).optional(),
      extra_rpaths: oneOrMoreTexts.optional(),
    }),
  }),
);
