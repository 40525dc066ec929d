import { z } from '@berth/base';
import { texts } from './common.ts';

export interface ReuseSourceSection {
  readonly type: 'local' | 'buildcache' | 'external' | 'environment';
  readonly path?: string | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
}

export interface ReuseSection {
  readonly roots?: boolean | undefined;
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly from?: readonly ReuseSourceSection[] | undefined;
}

/** `concretizer:` (configuration §13). `timeout` in seconds, 0 is none. */
export interface ConcretizerSection {
  readonly force?: boolean | undefined;
  readonly reuse?: boolean | 'dependencies' | ReuseSection | undefined;
  readonly unify?: boolean | 'when_possible' | undefined;
  readonly targets?:
    | {
        readonly granularity?: 'microarchitectures' | 'generic' | undefined;
        readonly host_compatible?: boolean | undefined;
      }
    | undefined;
  readonly duplicates?:
    | {
        readonly strategy?: 'none' | 'minimal' | 'full' | undefined;
        readonly max_dupes?: Readonly<Record<string, number>> | undefined;
      }
    | undefined;
  readonly os_compatible?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly compiler_mixing?: boolean | readonly string[] | undefined;
  readonly splice?:
    | {
        readonly explicit?:
          | readonly {
              readonly target: string;
              readonly replacement: string;
              readonly transitive?: boolean | undefined;
            }[]
          | undefined;
        readonly automatic?: boolean | undefined;
      }
    | undefined;
  readonly timeout?: number | undefined;
  readonly error_on_timeout?: boolean | undefined;
  readonly static_analysis?: boolean | undefined;
  readonly concretization_cache?:
    | {
        readonly enable?: boolean | undefined;
        readonly url?: string | undefined;
        readonly entry_limit?: number | undefined;
      }
    | undefined;
  readonly externals?: { readonly completion?: 'architecture_only' | 'default_variants' | undefined } | undefined;
}

const flag = z.boolean().optional();
const reuse = z.looseObject({
  roots: flag,
  include: texts.optional(),
  exclude: texts.optional(),
  from: z
    .array(
      z.looseObject({
        type: z.enum(['local', 'buildcache', 'external', 'environment']),
        path: z.string().optional(),
        include: texts.optional(),
        exclude: texts.optional(),
      }),
    )
    .optional(),
});

export const concretizerSchema: z.ZodType<ConcretizerSection> = z.strictObject({
  force: flag,
  reuse: z.union([z.boolean(), z.literal('dependencies'), reuse]).optional(),
  unify: z.union([z.boolean(), z.literal('when_possible')]).optional(),
  targets: z
    .looseObject({ granularity: z.enum(['microarchitectures', 'generic']).optional(), host_compatible: flag })
    .optional(),
  duplicates: z
    .looseObject({
      strategy: z.enum(['none', 'minimal', 'full']).optional(),
      max_dupes: z.record(z.string(), z.int().min(1)).optional(),
    })
    .optional(),
  os_compatible: z.record(z.string(), texts).optional(),
  compiler_mixing: z.union([z.boolean(), texts]).optional(),
  splice: z
    .looseObject({
      explicit: z.array(z.strictObject({ target: z.string(), replacement: z.string(), transitive: flag })).optional(),
      automatic: flag,
    })
    .optional(),
  timeout: z.int().min(0).optional(),
  error_on_timeout: flag,
  static_analysis: flag,
  concretization_cache: z
    .looseObject({ enable: flag, url: z.string().optional(), entry_limit: z.int().min(0).optional() })
    .optional(),
  externals: z.looseObject({ completion: z.enum(['architecture_only', 'default_variants']).optional() }).optional(),
});
