import { z } from '@berth/base';
import { projections, texts } from './common.ts';

export interface InstallTreeSection {
  readonly root?: string | undefined;
  readonly padded_length?: number | boolean | undefined;
  readonly projections?: Readonly<Record<string, string>> | undefined;
}

export interface SharedLinkingSection {
  readonly type?: 'rpath' | 'runpath' | undefined;
  readonly bind?: boolean | undefined;
  readonly missing_library_policy?: 'error' | 'warn' | 'ignore' | undefined;
}

/** `config:` as it is written; keys berth does not know are kept (configuration §11). Durations in seconds. */
export interface ConfigSection {
  readonly install_tree?: InstallTreeSection | undefined;
  readonly install_hash_length?: number | undefined;
  readonly build_stage?: string | readonly string[] | undefined;
  readonly stage_name?: string | undefined;
  readonly develop_stage_link?: string | undefined;
  readonly test_stage?: string | undefined;
  readonly template_dirs?: readonly string[] | undefined;
  readonly license_dir?: string | undefined;
  readonly source_cache?: string | undefined;
  readonly misc_cache?: string | undefined;
  readonly environments_root?: string | undefined;
  readonly extensions?: readonly string[] | undefined;
  readonly connect_timeout?: number | undefined;
  readonly verify_ssl?: boolean | undefined;
  readonly ssl_certs?: string | undefined;
  readonly suppress_gpg_warnings?: boolean | undefined;
  readonly debug?: boolean | undefined;
  readonly checksum?: boolean | undefined;
  readonly deprecated?: boolean | undefined;
  readonly locks?: boolean | undefined;
  readonly db_lock_timeout?: number | undefined;
  readonly package_lock_timeout?: number | null | undefined;
  readonly dirty?: boolean | undefined;
  readonly build_language?: string | undefined;
  readonly build_jobs?: number | undefined;
  readonly concurrent_packages?: number | undefined;
  readonly installer?: 'old' | 'new' | undefined;
  readonly ccache?: boolean | undefined;
  readonly url_fetch_method?: string | undefined;
  readonly shared_linking?: SharedLinkingSection | 'rpath' | 'runpath' | undefined;
  readonly allow_sgid?: boolean | undefined;
  readonly install_status?: boolean | undefined;
  readonly additional_external_search_paths?: readonly string[] | undefined;
  readonly binary_index_ttl?: number | undefined;
  readonly flags?: { readonly keep_werror?: 'all' | 'specific' | 'none' | undefined } | undefined;
  readonly aliases?: Readonly<Record<string, string>> | undefined;
}

const flag = z.boolean().optional();
const text = z.string().optional();
const linking = z.enum(['rpath', 'runpath']);
const MAX_JOBS = 100_000;

export const configSchema: z.ZodType<ConfigSection> = z.looseObject({
  install_tree: z
    .looseObject({
      root: text,
      padded_length: z.union([z.int().min(0), z.boolean()]).optional(),
      projections: projections.optional(),
    })
    .optional(),
  install_hash_length: z.int().min(1).optional(),
  build_stage: z.union([z.string(), texts]).optional(),
  stage_name: text,
  develop_stage_link: text,
  test_stage: text,
  template_dirs: texts.optional(),
  license_dir: text,
  source_cache: text,
  misc_cache: text,
  environments_root: text,
  extensions: texts.optional(),
  connect_timeout: z.int().min(0).optional(),
  verify_ssl: flag,
  ssl_certs: text,
  suppress_gpg_warnings: flag,
  debug: flag,
  checksum: flag,
  deprecated: flag,
  locks: flag,
  db_lock_timeout: z.int().min(1).optional(),
  package_lock_timeout: z.int().min(1).nullable().optional(),
  dirty: flag,
  build_language: text,
  build_jobs: z.int().min(1).max(MAX_JOBS).optional(),
  concurrent_packages: z.int().min(0).max(MAX_JOBS).optional(),
  installer: z.enum(['old', 'new']).optional(),
  ccache: flag,
  url_fetch_method: z
    .string()
    .regex(/^(?:urllib|curl(?: .*)?)$/, 'expected urllib, curl, or curl and its options')
    .optional(),
  shared_linking: z
    .union([
      linking,
      z.looseObject({
        type: linking.optional(),
        bind: flag,
        missing_library_policy: z.enum(['error', 'warn', 'ignore']).optional(),
      }),
    ])
    .optional(),
  allow_sgid: flag,
  install_status: flag,
  additional_external_search_paths: texts.optional(),
  binary_index_ttl: z.int().min(0).optional(),
  flags: z.looseObject({ keep_werror: z.enum(['all', 'specific', 'none']).optional() }).optional(),
  aliases: z.record(z.string(), z.string()).optional(),
});
