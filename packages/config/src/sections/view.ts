import { z } from '@berth/base';
import { projections, texts } from './common.ts';

/** One view of an environment (configuration §18). */
export interface ViewSection {
  readonly root: string;
  readonly link?: 'all' | 'run' | 'roots' | undefined;
  readonly link_type?: 'symlink' | 'hardlink' | 'copy' | undefined;
  readonly select?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly projections?: Readonly<Record<string, string>> | undefined;
}

export type ViewsSection = boolean | string | Readonly<Record<string, ViewSection>>;

export const viewSchema: z.ZodType<ViewsSection> = z.union([
  z.boolean(),
  z.string(),
  z.record(
    z.string().regex(/^\w/),
    z.strictObject({
      root: z.string(),
      link: z.enum(['all', 'run', 'roots']).optional(),
      link_type: z.enum(['symlink', 'hardlink', 'copy']).optional(),
      select: texts.optional(),
      exclude: texts.optional(),
      projections: projections.optional(),
    }),
  ),
]);
