import { z } from '@berth/base';
import { cdashSchema, type CdashSection, ciSchema, type CiSection, containerSchema } from './ci.ts';
import { environmentChanges, type EnvironmentChanges } from './common.ts';
import { concretizerSchema, type ConcretizerSection } from './concretizer.ts';
import { configSchema, type ConfigSection } from './config.ts';
import { includeSchema, type IncludeSection } from './include.ts';
import { mirrorsSchema, type MirrorsSection } from './mirrors.ts';
import {
  bootstrapSchema,
  type BootstrapSection,
  compilersSchema,
  type CompilersSection,
  modulesSchema,
  type ModulesSection,
  upstreamsSchema,
  type UpstreamsSection,
} from './modules.ts';
import { packagesSchema, type PackagesSection } from './packages.ts';
import { reposSchema, type ReposSection } from './repos.ts';
import {
  definitionsSchema,
  type DefinitionsSection,
  developSchema,
  type DevelopSection,
  includeConcreteSchema,
  specListSchema,
  toolchainsSchema,
  type ToolchainsSection,
} from './spec-list.ts';
import { viewSchema, type ViewsSection } from './view.ts';

/** The type of each section, as it is written in YAML (configuration §1). */
export interface Sections {
  readonly compilers: CompilersSection;
  readonly concretizer: ConcretizerSection;
  readonly definitions: DefinitionsSection;
  readonly env_vars: EnvironmentChanges;
  readonly include: IncludeSection;
  readonly view: ViewsSection;
  readonly develop: DevelopSection;
  readonly mirrors: MirrorsSection;
  readonly repos: ReposSection;
  readonly packages: PackagesSection;
  readonly modules: ModulesSection;
  readonly config: ConfigSection;
  readonly upstreams: UpstreamsSection;
  readonly bootstrap: BootstrapSection;
  readonly ci: CiSection;
  readonly cdash: CdashSection;
  readonly toolchains: ToolchainsSection;
}

export type SectionName = keyof Sections;

/** All sections, in the order in which `config list` prints them. */
export const SECTION_NAMES: readonly SectionName[] = [
  'compilers',
  'concretizer',
  'definitions',
  'env_vars',
  'include',
  'view',
  'develop',
  'mirrors',
  'repos',
  'packages',
  'modules',
  'config',
  'upstreams',
  'bootstrap',
  'ci',
  'cdash',
  'toolchains',
];

export function isSectionName(name: string): name is SectionName {
  return (SECTION_NAMES as readonly string[]).includes(name);
}

export const SECTION_SCHEMAS: Readonly<Record<SectionName, z.ZodType>> = {
  compilers: compilersSchema,
  concretizer: concretizerSchema,
  definitions: definitionsSchema,
  env_vars: environmentChanges,
  include: includeSchema,
  view: viewSchema,
  develop: developSchema,
  mirrors: mirrorsSchema,
  repos: reposSchema,
  packages: packagesSchema,
  modules: modulesSchema,
  config: configSchema,
  upstreams: upstreamsSchema,
  bootstrap: bootstrapSchema,
  ci: ciSchema,
  cdash: cdashSchema,
  toolchains: toolchainsSchema,
};

const optionalSections = Object.fromEntries(
  Object.entries(SECTION_SCHEMAS).map(([name, schema]) => [name, schema.optional()]),
);

/** A file of many sections, without a wrapper (configuration §1). */
export const mergedFileSchema: z.ZodType = z.strictObject({
  ...optionalSections,
  container: containerSchema.optional(),
});

/** The whole of `spack.yaml` (configuration §16.3). */
export const manifestSchema: z.ZodType = z.strictObject({
  spack: z.strictObject({
    ...optionalSections,
    container: containerSchema.optional(),
    specs: specListSchema.optional(),
    include_concrete: includeConcreteSchema.optional(),
  }),
});

/** A file that holds one section under its name. */
export function sectionFileSchema(name: SectionName): z.ZodType {
  return z.strictObject({ [name]: SECTION_SCHEMAS[name].optional() });
}
