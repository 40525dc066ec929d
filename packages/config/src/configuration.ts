import { dirname, isAbsolute, join } from 'node:path';
import { BerthError, type Emit } from '@berth/base';
import { type BlameLine, blameLines, wrapSection } from './blame.ts';
import { type EnvironmentPlace } from './environment/find.ts';
import { nearest } from './errors.ts';
import { type InstallTree, resolveInstallTree } from './install-tree.ts';
import { mergeNodes } from './merge.ts';
import { type ConfigPaths, resolvePaths } from './paths.ts';
import { type PackagePermissions, permissionsOf } from './permissions.ts';
import { type ConfigScope, SCOPE_PRIORITIES, type ScopeStatus, scopeStatus } from './scopes/scope.ts';
import { flattenScope } from './scopes/include.ts';
import { SECTION_NAMES, SECTION_SCHEMAS, type SectionName, type Sections } from './sections/index.ts';
import { withoutSigns } from './settings.ts';
import { canonicalPath, type SubstitutionContext } from './substitute.ts';
import { formatYaml } from './yaml/format.ts';
import { type ConfigNode, mapNode, type Position, toData } from './yaml/node.ts';

export interface ConfigurationOptions {
  /** Lowest first. */
  readonly scopes: readonly ConfigScope[];
  readonly substitution: SubstitutionContext;
  readonly environment: EnvironmentPlace | undefined;
  readonly emit: Emit;
}

/** How locks are taken. Durations in milliseconds. */
export interface LockSettings {
  readonly enabled: boolean;
  readonly databaseTimeoutMs: number;
  /** `undefined` waits for ever. */
  readonly packageTimeoutMs: number | undefined;
}

const SECOND_MS = 1000;
const DEFAULT_DATABASE_TIMEOUT_SECONDS = 60;

/** The stack of scopes and what it comes to. Sections are merged when first asked for, and kept. */
export class Configuration {
  readonly substitution: SubstitutionContext;
  readonly environment: EnvironmentPlace | undefined;
  readonly emit: Emit;
  readonly #scopes: readonly ConfigScope[];
  readonly #hidden: ReadonlySet<ConfigScope>;
  readonly #nodes = new Map<SectionName, ConfigNode | undefined>();
  readonly #typed = new Map<SectionName, unknown>();
  #paths: ConfigPaths | undefined;

  constructor(options: ConfigurationOptions) {
    this.substitution = options.substitution;
    this.environment = options.environment;
    this.emit = options.emit;
    this.#scopes = options.scopes;
    this.#hidden = hiddenScopes(options.scopes);
  }

  /** The merged section with the place of every part; `undefined` when no scope has it. Lists and marks as in §6. */
  node(name: SectionName): ConfigNode | undefined {
    if (!this.#nodes.has(name)) this.#nodes.set(name, this.#merge(name));
    return this.#nodes.get(name);
  }

  /** The merged section as typed data; `undefined` when no scope has it. A violation is `config` with its place. */
  get<Name extends SectionName>(name: Name): Sections[Name] | undefined {
    if (!this.#typed.has(name)) {
      const node = this.node(name);
      this.#typed.set(name, node === undefined ? undefined : SECTION_SCHEMAS[name].parse(toData(node)));
    }
    return this.#typed.get(name) as Sections[Name] | undefined;
  }

  config(): Sections['config'] {
    return this.get('config') ?? {};
  }

  packages(): Sections['packages'] {
    return this.get('packages') ?? {};
  }

  concretizer(): Sections['concretizer'] {
    return this.get('concretizer') ?? {};
  }

  modules(): Sections['modules'] {
    return this.get('modules') ?? {};
  }

  upstreams(): Sections['upstreams'] {
    return this.get('upstreams') ?? {};
  }

  repos(): Sections['repos'] {
    return this.get('repos') ?? {};
  }

  toolchains(): Sections['toolchains'] {
    return this.get('toolchains') ?? {};
  }

  /** What `config get` prints: the merged section under its name; all sections under `spack:` without a name. */
  format(name?: SectionName): string {
    if (name !== undefined) return formatYaml(wrapSection(name, this.node(name) ?? mapNode([])));
    return formatYaml(wrapSection('spack', this.#everything()));
  }

  /** What one scope itself says of a section, for `config --scope NAME get`. */
  formatScope(scope: string, name: SectionName): string {
    const entry = this.scope(scope).section(name);
    return formatYaml(wrapSection(name, entry?.value ?? mapNode([])));
  }

  /** The same as plain data, for `--json`. */
  toJson(name?: SectionName): unknown {
    return toData(
      name === undefined ? wrapSection('spack', this.#everything()) : wrapSection(name, this.node(name) ?? mapNode([])),
    );
  }

  blame(name: SectionName): BlameLine[] {
    return blameLines(name, this.node(name) ?? mapNode([]));
  }

  /** Highest first. With a section, scopes that say nothing of it are `absent`. */
  scopes(section?: SectionName): ScopeStatus[] {
    return [...this.#scopes].reverse().map((scope) => scopeStatus(scope, { hidden: this.#hidden.has(scope), section }));
  }

  /** The scope of that name; an unknown one is a `usage` error. */
  scope(name: string): ConfigScope {
    const found = this.#scopes.find((scope) => scope.name === name);
    if (found !== undefined) return found;
    const names = this.#scopes.map((scope) => scope.name);
    const near = nearest(name, names);
    throw new BerthError('usage', 'ERR_CONFIG_SCOPE', `configuration scope ${name}: there is no such scope`, {
      hint: near === undefined ? `Known scopes: ${names.join(', ')}.` : `Did you mean "${near}"?`,
    });
  }

  /** The named scope, or the one that commands write to by default (configuration §2). Must be writable. */
  scopeToModify(name?: string): ConfigScope {
    const scope = name === undefined ? this.#defaultToModify() : this.scope(name);
    if (scope?.writable === true) return scope;
    throw new BerthError(
      'usage',
      'ERR_CONFIG_SCOPE',
      `configuration scope ${scope?.name ?? ''}: it cannot be written to`,
      {
        hint: 'Choose another scope with --scope.',
      },
    );
  }

  /** Writable scopes that count, lowest first. */
  writableScopes(): ConfigScope[] {
    return this.#scopes.filter((scope) => scope.writable && !this.#hidden.has(scope));
  }

  /** A path as it is meant where it is written: relative ones to the folder of their file (configuration §8.2). */
  resolvePath(text: string, at?: Position): string {
    const file = at?.line === undefined ? undefined : at.file;
    const directory = file !== undefined && isAbsolute(file) ? dirname(file) : this.substitution.cwd;
    return canonicalPath(
      text,
      this.substitution,
      file === undefined || isAbsolute(file) ? directory : join(directory, dirname(file)),
    );
  }

  get paths(): ConfigPaths {
    this.#paths ??= resolvePaths(this.node('config'), {
      substitution: this.substitution,
      resolve: (text, at) => this.resolvePath(text, at),
    });
    return this.#paths;
  }

  get installTree(): InstallTree {
    return resolveInstallTree(this.node('config'), {
      host: this.substitution.host,
      resolvePath: (text, at) => this.resolvePath(text, at),
    });
  }

  get locks(): LockSettings {
    const { locks = true, db_lock_timeout: database, package_lock_timeout: packages } = this.config();
    return {
      enabled: locks,
      databaseTimeoutMs: (database ?? DEFAULT_DATABASE_TIMEOUT_SECONDS) * SECOND_MS,
      packageTimeoutMs: packages == null ? undefined : packages * SECOND_MS,
    };
  }

  packagesPermissions(packageName: string): PackagePermissions {
    return permissionsOf(this.node('packages'), packageName);
  }

  #merge(name: SectionName): ConfigNode | undefined {
    let merged: ConfigNode | undefined;
    for (const scope of this.#scopes) {
      if (this.#hidden.has(scope)) continue;
      const entry = scope.section(name);
      // An `include::` says which scopes count, not what the list of includes is.
      if (entry !== undefined) merged = mergeNodes(merged, entry.value, name === 'include' ? 'merge' : entry.mark);
    }
    return merged === undefined ? undefined : withoutSigns(merged);
  }

  #everything(): ConfigNode {
    const entries = SECTION_NAMES.map((name) => ({ name, value: this.node(name) }));
    return mapNode(
      entries.flatMap(({ name, value }) =>
        value === undefined ? [] : [{ key: name, mark: 'merge', keyAt: value.at, value }],
      ),
    );
  }

  #defaultToModify(): ConfigScope | undefined {
    let scope = this.#scopes.findLast((candidate) => candidate.writable);
    for (;;) {
      const preferred = scope?.includes.find((included) => included.writable && included.preferModify);
      if (preferred === undefined) return scope;
      scope = preferred;
    }
  }
}

/** Scopes that the highest `include::` puts out of force: all below it but defaults and what it includes itself (§5.2). */
function hiddenScopes(scopes: readonly ConfigScope[]): Set<ConfigScope> {
  const index = scopes.findLastIndex((scope) => scope.section('include')?.mark === 'override');
  const overriding = scopes[index];
  if (overriding === undefined) return new Set();
  const own = new Set(flattenScope(overriding).map((scope) => scope.name));
  const below = scopes.slice(0, index);
  return new Set(
    below.filter((scope) => SCOPE_PRIORITIES[scope.priority] > SCOPE_PRIORITIES.defaults && !own.has(scope.name)),
  );
}
