import { z } from '@berth/base';
import { texts } from './common.ts';

export interface PathIncludeSection {
  readonly path: string;
  readonly name?: string | undefined;
  readonly path_override_env_var?: string | undefined;
  readonly sha256?: string | undefined;
  readonly optional?: boolean | undefined;
  readonly when?: string | undefined;
  readonly prefer_modify?: boolean | undefined;
}

export interface GitIncludeSection {
  readonly git: string;
  readonly paths: readonly string[];
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  readonly tag?: string | undefined;
  readonly optional?: boolean | undefined;
  readonly when?: string | undefined;
}

/** Scopes that rank below the one that lists them, the first highest (configuration §5). */
export type IncludeSection = readonly (string | PathIncludeSection | GitIncludeSection)[];

const text = z.string().optional();
const flag = z.boolean().optional();

export const includeSchema: z.ZodType<IncludeSection> = z.array(
  z.union([
    z.string(),
    z.strictObject({
      path: z.string(),
      name: text,
      path_override_env_var: text,
      sha256: text,
      optional: flag,
      when: text,
      prefer_modify: flag,
    }),
    z.strictObject({
      git: z.string(),
      paths: texts,
      branch: text,
      commit: text,
      tag: text,
      optional: flag,
      when: text,
    }),
  ]),
);
