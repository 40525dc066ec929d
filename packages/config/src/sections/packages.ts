import { z } from '@berth/base';
import { environmentChanges, type EnvironmentChanges, oneOrMoreTexts, texts } from './common.ts';

interface Conditional {
  /** A spec the node must satisfy for this to count. */
  readonly when?: string | undefined;
  readonly message?: string | undefined;
}

/** `require`, one item: a spec, or a choice of specs (configuration §12.1). */
export type RequirementSection =
  | string
  | (Conditional & { readonly spec: string })
  | (Conditional & { readonly one_of: readonly string[] })
  | (Conditional & { readonly any_of: readonly string[] });

/** `prefer` and `conflict`, one item. */
export type ConstraintSection = string | (Conditional & { readonly spec: string });

export interface PermissionsSection {
  readonly read?: 'user' | 'group' | 'world' | undefined;
  readonly write?: 'user' | 'group' | 'world' | undefined;
  readonly group?: string | undefined;
}

export interface ExternalDependencySection {
  readonly id?: string | undefined;
  readonly spec?: string | undefined;
  readonly deptypes?: string | readonly string[] | undefined;
  readonly virtuals?: string | undefined;
}

/** An installation that is there already (configuration §12.3). */
export interface ExternalSection {
  readonly spec: string;
  readonly prefix?: string | undefined;
  readonly modules?: readonly string[] | undefined;
  readonly id?: string | undefined;
  readonly extra_attributes?:
    | {
        readonly compilers?: Readonly<Record<string, string>> | undefined;
        readonly environment?: EnvironmentChanges | undefined;
        readonly extra_rpaths?: readonly string[] | undefined;
        readonly implicit_rpaths?: boolean | readonly string[] | undefined;
        readonly flags?: Readonly<Record<string, string>> | undefined;
        readonly [key: string]: unknown;
      }
    | undefined;
  readonly dependencies?: readonly ExternalDependencySection[] | undefined;
}

interface PackageCommon {
  readonly require?: string | readonly RequirementSection[] | undefined;
  readonly prefer?: readonly ConstraintSection[] | undefined;
  readonly conflict?: readonly ConstraintSection[] | undefined;
  readonly variants?: string | readonly string[] | undefined;
  readonly buildable?: boolean | undefined;
  readonly permissions?: PermissionsSection | undefined;
  readonly package_attributes?: Readonly<Record<string, unknown>> | undefined;
}

export interface PackageSection extends PackageCommon {
  readonly version?: readonly string[] | undefined;
  readonly externals?: readonly ExternalSection[] | undefined;
}

export interface AllPackagesSection extends PackageCommon {
  readonly target?: readonly string[] | undefined;
  readonly compiler?: readonly string[] | undefined;
  readonly providers?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** `packages:` by package or virtual name; `all` has keys of its own (configuration §12). */
export type PackagesSection = { readonly all?: AllPackagesSection | undefined } & Readonly<
  Record<string, PackageSection | undefined>
>;

const condition = { when: z.string().optional(), message: z.string().optional() };
const requirement = z.union([
  z.string(),
  z.strictObject({ spec: z.string(), ...condition }),
  z.strictObject({ one_of: texts, ...condition }),
  z.strictObject({ any_of: texts, ...condition }),
]);
const constraints = z.array(z.union([z.string(), z.strictObject({ spec: z.string(), ...condition })]));
const scope = z.enum(['user', 'group', 'world']);
const attribute = /^[a-zA-Z_]\w*$/;

const common = {
  require: z.union([z.string(), z.array(requirement)]).optional(),
  prefer: constraints.optional(),
  conflict: constraints.optional(),
  variants: oneOrMoreTexts.optional(),
  buildable: z.boolean().optional(),
  permissions: z
    .strictObject({ read: scope.optional(), write: scope.optional(), group: z.string().optional() })
    .optional(),
  package_attributes: z.record(z.string().regex(attribute), z.unknown()).optional(),
};

const flags = z.strictObject(
  Object.fromEntries(
    ['cflags', 'cxxflags', 'fflags', 'cppflags', 'ldflags', 'ldlibs'].map((name) => [name, z.string().optional()]),
  ),
);

const external = z.strictObject({
  spec: z.string(),
  prefix: z.string().optional(),
  modules: texts.optional(),
  id: z.string().optional(),
  extra_attributes: z
    .object({
      compilers: z.record(z.string().regex(/^\w[\w-]*$/), z.string()).optional(),
      environment: environmentChanges.optional(),
      extra_rpaths: texts.optional(),
      implicit_rpaths: z.union([z.boolean(), texts]).optional(),
      flags: flags.optional(),
    })
    .catchall(z.string())
    .optional(),
  dependencies: z
    .array(
      z.strictObject({
        id: z.string().optional(),
        spec: z.string().optional(),
        deptypes: oneOrMoreTexts.optional(),
        virtuals: z.string().optional(),
      }),
    )
    .optional(),
});

const named = z.strictObject({
  ...common,
  version: texts.optional(),
  externals: z.array(external).optional(),
});

const all = z.strictObject({
  ...common,
  target: texts.optional(),
  compiler: texts.optional(),
  providers: z.record(z.string(), texts).optional(),
});

export const packagesSchema: z.ZodType<PackagesSection> = z.object({ all: all.optional() }).catchall(named) as never;
