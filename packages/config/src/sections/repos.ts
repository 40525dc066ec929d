import { z } from '@berth/base';
import { texts } from './common.ts';

export interface GitRepositorySection {
  readonly git?: string | undefined;
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  readonly tag?: string | undefined;
  readonly destination?: string | undefined;
  readonly paths?: readonly string[] | undefined;
}

/** Name → folder or git repository, in order of precedence (configuration §14). */
export type ReposSection = Readonly<Record<string, string | GitRepositorySection>>;

const git = z.strictObject({
  git: z.string().optional(),
  branch: z.string().optional(),
  commit: z.string().optional(),
  tag: z.string().optional(),
  destination: z.string().optional(),
  paths: texts.optional(),
});

/** Also accepts the older list of folders; loading turns it into a mapping. */
export const reposSchema: z.ZodType<ReposSection | readonly string[]> = z.union([
  z.record(z.string(), z.union([z.string(), git])),
  texts,
]);
