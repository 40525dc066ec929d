import { z } from '@berth/base';

/** Credentials by name: the secret itself is never in the configuration (configuration §10.2). */
export interface AccessPairSection {
  readonly id?: string | undefined;
  readonly id_variable?: string | undefined;
  readonly secret_variable: string;
}

/** What can be said for fetching and for pushing apart (configuration §10.1). */
export interface ConnectionSection {
  readonly url?: string | undefined;
  readonly view?: string | undefined;
  readonly access_pair?: AccessPairSection | undefined;
  readonly access_token_variable?: string | null | undefined;
  readonly profile?: string | null | undefined;
  readonly endpoint_url?: string | null | undefined;
}

export interface MirrorEntrySection extends ConnectionSection {
  readonly fetch?: string | ConnectionSection | undefined;
  readonly push?: string | ConnectionSection | undefined;
  readonly source?: boolean | undefined;
  readonly binary?: boolean | undefined;
  readonly signed?: boolean | undefined;
  readonly autopush?: boolean | undefined;
}

/** Name → URL or entry, in lookup order. */
export type MirrorsSection = Readonly<Record<string, string | MirrorEntrySection>>;

const pair = z
  .looseObject({ id: z.string().optional(), id_variable: z.string().optional(), secret_variable: z.string() })
  .refine((value) => (value.id === undefined) !== (value.id_variable === undefined), {
    message: 'expected exactly one of id and id_variable, beside secret_variable',
  });

const connection = {
  url: z.string().optional(),
  view: z.string().optional(),
  // Written by versions before 1.0, secrets and all: still read, with a warning where it is used.
  access_pair: z.union([pair, z.tuple([z.string(), z.string()])]).optional(),
  access_token: z.string().optional(),
  access_token_variable: z.string().nullable().optional(),
  profile: z.string().nullable().optional(),
  endpoint_url: z.string().nullable().optional(),
};
const direction = z.union([z.string(), z.strictObject(connection)]).optional();

const entry = z
  .strictObject({
    ...connection,
    fetch: direction,
    push: direction,
    source: z.boolean().optional(),
    binary: z.boolean().optional(),
    signed: z.boolean().optional(),
    autopush: z.boolean().optional(),
  })
  .refine((value) => value.url !== undefined || value.fetch !== undefined, {
    message: 'expected a url or a fetch address',
  });

/** Closed: an unknown key of an entry is an error. */
export const mirrorsSchema: z.ZodType<MirrorsSection> = z.record(z.string(), z.union([z.string(), entry])) as never;
