import { dirname, resolve } from 'node:path';
import { BerthError, type Emit } from '@berth/base';
import { type BlameLine, blameLines, wrapSection } from './blame.ts';
import { type EnvironmentPlace } from './environment/find.ts';
import { formatPosition, nearest } from './errors.ts';
import { type DevelopEntry, readDevelop } from './develop.ts';
import { type ExternalEntry, readExternals } from './externals.ts';
import { resolveViews, type ViewConfig } from './environment/views.ts';
import { type MirrorConfig, readMirrors, warnMirrorSecrets } from './mirrors/mirror.ts';
import { readRepositories, type RepositoryConfig } from './repositories.ts';
import { type ParseOptions } from '@berth/spec';
import { type InstallTree, resolveInstallTree } from './install-tree.ts';
import { mergeNodes } from './merge.ts';
import { type ConfigPaths, resolvePaths } from './paths.ts';
import { type PackagePermissions, permissionsOf } from './permissions.ts';
import { type ConfigScope, SCOPE_PRIORITIES, type ScopeStatus, scopeStatus } from './scopes/scope.ts';
import { flattenScope } from './scopes/include.ts';
import { SECTION_NAMES, SECTION_SCHEMAS, type SectionName, type Sections } from './sections/index.ts';
import { withoutSigns } from './settings.ts';
import { canonicalPath, substitute, type SubstitutionContext } from './substitute.ts';
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
  readonly #warned = new Set<string>();
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

  /** In lookup order, addresses resolved. `extraSchemes` are those that plugins bring (configuration §10). */
  mirrors(options: { readonly extraSchemes?: ReadonlySet<string> | undefined } = {}): MirrorConfig[] {
    return this.#readMirrors(this.node('mirrors'), options.extraSchemes);
  }

  /** The mirrors that one scope itself has. */
  mirrorsOf(scope: string, options: { readonly extraSchemes?: ReadonlySet<string> | undefined } = {}): MirrorConfig[] {
    return this.#readMirrors(this.scope(scope).section('mirrors')?.value, options.extraSchemes);
  }

  externals(): ExternalEntry[] {
    return readExternals(this.node('packages'), (text) => substitute(text, this.substitution).text);
  }

  repositories(): RepositoryConfig[] {
    return readRepositories(this.node('repos'), {
      resolvePath: (text, at) => this.resolvePath(text, at),
      repositoriesRoot: this.paths.repositoriesRoot,
    });
  }

  /** Views of the active environment; none without one. */
  views(): ViewConfig[] {
    const { environment } = this;
    if (environment === undefined) return [];
    const resolvePath = (text: string): string => canonicalPath(text, this.substitution, environment.directory);
    return resolveViews(this.node('view'), { environmentDir: environment.directory, resolvePath });
  }

  develop(): DevelopEntry[] {
    return readDevelop(this.node('develop'), {
      environmentDir: this.environment?.directory ?? this.substitution.cwd,
      substituteText: (text) => substitute(text, this.substitution).text,
    });
  }

  /** How specs are to be parsed here: the host's architecture and the configured toolchains. */
  parseOptions(): ParseOptions {
    const { platform, os, target } = this.substitution.host;
    return { host: { platform, os, target }, toolchains: new Map(Object.entries(this.get('toolchains') ?? {})) };
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
    this.#warnUnset(text, at);
    const { cwd } = this.substitution;
    const directory = at?.line === undefined ? cwd : resolve(cwd, dirname(at.file));
    return canonicalPath(text, this.substitution, directory);
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

  #readMirrors(node: ConfigNode | undefined, extraSchemes: ReadonlySet<string> | undefined): MirrorConfig[] {
    const mirrors = readMirrors(node, {
      resolvePath: (text, at) => this.resolvePath(text, at),
      extraSchemes,
      emit: this.emit,
    });
    warnMirrorSecrets(mirrors, this.emit);
    return mirrors;
  }

  /** A variable that is not set stays in the path as it was written: most often not what was meant (Y11). */
  #warnUnset(text: string, at: Position | undefined): void {
    const { unset } = substitute(text, this.substitution);
    if (unset.length === 0 || this.#warned.has(text)) return;
    this.#warned.add(text);
    this.emit({
      type: 'warning',
      code: 'WARN_CONFIG_UNSET_VARIABLE',
      message: `configuration: ${at === undefined ? '' : `${formatPosition(at)}: `}${text}: not set: ${unset.join(', ')}`,
      hint: 'Set the variable, or write the path without it.',
    });
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
