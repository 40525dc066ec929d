import { z } from '@berth/base';
import { texts } from './common.ts';

/** `ci:` is open: attributes of jobs are handed through (configuration §15.7). */
export interface CiSection {
  readonly 'pipeline-gen'?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly 'rebuild-index'?: boolean | undefined;
  readonly 'broken-specs-url'?: string | undefined;
  readonly 'broken-tests-packages'?: readonly string[] | undefined;
  readonly target?: string | undefined;
}

export const ciSchema: z.ZodType<CiSection> = z.looseObject({
  'pipeline-gen': z.array(z.looseObject({})).optional(),
  'rebuild-index': z.boolean().optional(),
  'broken-specs-url': z.string().optional(),
  'broken-tests-packages': texts.optional(),
  target: z.literal('gitlab').optional(),
});

export interface CdashSection {
  readonly 'build-group': string;
  readonly url?: string | undefined;
  readonly project?: string | undefined;
  readonly site?: string | undefined;
}

export const cdashSchema: z.ZodType<CdashSection> = z.strictObject({
  'build-group': z.string(),
  url: z.string().optional(),
  project: z.string().optional(),
  site: z.string().optional(),
});

/** `container:`, of `spack.yaml` and of single-file scopes only (configuration §15.11). */
export type ContainerSection = Readonly<Record<string, unknown>>;

const commands = z.strictObject({
  command: z.string().optional(),
  update: z.boolean().optional(),
  build: texts.optional(),
  final: texts.optional(),
});

const stages = z.strictObject({ build: z.string().optional(), final: z.string().optional() });
const spackImage = z.union([
  z.string(),
  z.strictObject({
    url: z.string().optional(),
    ref: z.string().optional(),
    resolve_sha: z.boolean().optional(),
    verify: z.boolean().optional(),
  }),
]);

export const containerSchema: z.ZodType<ContainerSection> = z.strictObject({
  format: z.enum(['docker', 'singularity']).optional(),
  images: z.union([z.strictObject({ os: z.string(), spack: spackImage }), stages]).optional(),
  strip: z.boolean().optional(),
  os_packages: commands.optional(),
  labels: z.record(z.string(), z.string()).optional(),
  template: z.string().optional(),
  singularity: z
    .strictObject({
      runscript: z.string().optional(),
      startscript: z.string().optional(),
      test: z.string().optional(),
      help: z.string().optional(),
    })
    .optional(),
  docker: z.record(z.string(), z.unknown()).optional(),
  depfile: z.boolean().optional(),
});
