import { mkdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { BerthError, type Emit, isSha256, type Sha256, sha256Of, writeFileAtomic } from '@berth/base';
import { base32Sha1 } from '../base32.ts';
import { configError, formatPosition } from '../errors.ts';
import { type GitIncludeSection, type IncludeSection, type PathIncludeSection } from '../sections/include.ts';
import { canonicalPath, type SubstitutionContext } from '../substitute.ts';
import { evaluateWhen } from '../when.ts';
import { type ConfigNode, type Position, toData } from '../yaml/node.ts';
import { readConfigFile, realPathOf } from './files.ts';
import { openDirectoryScope, openFileScope, type OpenContext, withIncludes } from './open.ts';
import { type ConfigScope, type ScopePriority } from './scope.ts';

/** How includes from elsewhere are brought here; without a port such an include is a `config` error. */
export interface IncludePorts {
  /** The bytes at an http(s) or ftp address. Their digest is checked by the caller of this. */
  readonly fetchInclude?: (url: string, options: { readonly signal: AbortSignal }) => Promise<Uint8Array>;
  /** Clones a repository at a commit, tag or branch into `directory`, which does not exist yet. */
  readonly cloneInclude?: (
    repository: { readonly git: string; readonly ref: string; readonly directory: string },
    options: { readonly signal: AbortSignal },
  ) => Promise<void>;
}

export interface IncludeContext extends OpenContext, IncludePorts {
  readonly substitution: SubstitutionContext;
}

/** The scope that includes: where its entries stand and what relative paths are relative to. */
interface Parent {
  readonly name: string;
  readonly path: string;
  readonly directory: string;
  readonly priority: ScopePriority;
  readonly writable: boolean;
  /** Real paths from the outermost scope to this one. */
  readonly chain: readonly string[];
}

const MAX_DEPTH = 100;

/**
 * `scope` with everything it includes, and what that includes in turn (configuration §5). Cycles and chains of more than
 * 100 are `config` errors (hostile-inputs Y12).
 */
export async function resolveIncludes(
  scope: ConfigScope,
  context: IncludeContext,
  chain: readonly string[] = [],
): Promise<ConfigScope> {
  const entry = scope.section('include');
  if (entry === undefined || scope.path === undefined) return scope;
  return withIncludes(scope, await openIncludes(scope, entry.value, { context, chain, path: scope.path }));
}

/** The scopes of a list of includes, first (highest) to last. */
export async function openIncludes(
  scope: ConfigScope,
  list: ConfigNode,
  options: { readonly context: IncludeContext; readonly chain?: readonly string[]; readonly path: string },
): Promise<ConfigScope[]> {
  const { context, chain = [], path } = options;
  const parent: Parent = {
    name: scope.name,
    path,
    directory: scope.layout === 'directory' || scope.layout === 'memory' ? path : dirname(path),
    priority: scope.priority,
    writable: scope.writable,
    chain: [...chain, await realPathOf(path)],
  };
  const included: ConfigScope[] = [];
  const entries = toData(list) as IncludeSection;
  for (const [index, entry] of entries.entries()) {
    const at = list.kind === 'list' ? (list.items[index]?.at ?? list.at) : list.at;
    included.push(...(await openEntry(entry, parent, { context, at })));
  }
  return included;
}

interface EntryContext {
  readonly context: IncludeContext;
  readonly at: Position;
}

async function openEntry(entry: IncludeSection[number], parent: Parent, where: EntryContext): Promise<ConfigScope[]> {
  const form = typeof entry === 'string' ? { path: entry } : entry;
  const { substitution } = where.context;
  if (form.when !== undefined && !evaluateWhen(form.when, substitution)) return [];
  if (parent.chain.length > MAX_DEPTH) throw configError(where.at, `included through more than ${MAX_DEPTH} files`);
  return 'git' in form ? openGit(form, parent, where) : openPath(form, parent, where);
}

async function openPath(form: PathIncludeSection, parent: Parent, where: EntryContext): Promise<ConfigScope[]> {
  const { substitution } = where.context;
  const override = form.path_override_env_var === undefined ? undefined : substitution.env[form.path_override_env_var];
  if (override === '') {
    throw configError(where.at, `the variable ${form.path_override_env_var ?? ''} is set but empty`, {
      hint: 'Unset it, or set it to a folder.',
    });
  }
  const path = canonicalPath(
    override ?? form.path,
    substitution,
    override === undefined ? parent.directory : substitution.cwd,
  );
  const local = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(path) ? await fetchRemote(path, form, where) : path;
  const scope = await openLocal(local, { ...form, path: local }, { parent, where });
  return scope === undefined ? [] : [scope];
}

interface LocalContext {
  readonly parent: Parent;
  readonly where: EntryContext;
}

async function openLocal(
  path: string,
  form: PathIncludeSection,
  options: LocalContext,
): Promise<ConfigScope | undefined> {
  const { parent, where } = options;
  const { context, at } = where;
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined && form.optional !== true) {
    throw configError(at, `the included path ${path} does not exist`, { hint: 'Correct it, or add "optional: true".' });
  }
  const isFile = facts === undefined ? isYamlName(path) : !facts.isDirectory();
  if (facts === undefined && !isFile && extname(path) !== '') {
    throw configError(at, `the included file ${path} does not end in .yaml or .yml`);
  }
  const real = await realPathOf(path);
  if (parent.chain.includes(real)) throw configError(at, `the include of ${path} goes round in a circle`);
  const settings = {
    name: form.name ?? `${parent.name}:${shownPath(parent.path, path)}`,
    priority: parent.priority,
    writable: parent.writable,
    preferModify: form.prefer_modify ?? false,
    included: true,
  };
  const scope = await (isFile ? openFileScope(path, settings, context) : openDirectoryScope(path, settings, context));
  return resolveIncludes(scope, context, parent.chain);
}

function isYamlName(path: string): boolean {
  return ['.yaml', '.yml'].includes(extname(path));
}

/** Relative to the parent when it lies below it (configuration §5.2). */
function shownPath(parent: string, path: string): string {
  const below = relative(parent, path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}

/** A remote include must say the SHA-256 of what is there (configuration §5.1). */
async function fetchRemote(url: string, form: PathIncludeSection, where: EntryContext): Promise<string> {
  const { context, at } = where;
  if (!/^(?:https?|ftp):\/\//i.test(url)) throw configError(at, `an include cannot be read from ${url}`);
  const digest = form.sha256?.toLowerCase() ?? '';
  if (!isSha256(digest)) {
    throw configError(at, `the include of ${url} needs the SHA-256 of what is there`, {
      hint: 'Add "sha256:" with the 64 digits that sha256sum prints for the file.',
    });
  }
  const raw = rawAddress(url);
  const file = join(
    context.substitution.userCachePath,
    'includes',
    digest,
    basename(new URL(raw).pathname) || 'include.yaml',
  );
  const cached = await readConfigFile(file, context);
  if (cached !== undefined && sha256Of(cached) === digest) return file;
  await download(raw, { file, digest, where });
  return file;
}

async function download(
  url: string,
  options: { readonly file: string; readonly digest: Sha256; readonly where: EntryContext },
): Promise<void> {
  const { file, digest, where } = options;
  const { context, at } = where;
  if (context.fetchInclude === undefined)
    throw configError(at, `the include of ${url} is not here, and nothing may be downloaded`);
  const bytes = await context.fetchInclude(url, context);
  const found = sha256Of(bytes);
  if (found !== digest) {
    throw new BerthError(
      'digest',
      'ERR_INCLUDE_DIGEST',
      `include ${url} (${formatPosition(at)}): expected sha256:${digest}, got sha256:${found}`,
      {
        hint: 'If the file was meant to change, write the new SHA-256 beside its address.',
      },
    );
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, bytes);
  await writeFileAtomic(join(dirname(file), 'source_url.txt'), url);
}

/** The page that shows a file on GitHub or GitLab is not the file. */
function rawAddress(url: string): string {
  return /^https:\/\/(?:[^/]*\.)?(?:github|gitlab)\.com\//i.test(url) ? url.replace('/blob/', '/raw/') : url;
}

async function openGit(form: GitIncludeSection, parent: Parent, where: EntryContext): Promise<ConfigScope[]> {
  const { context, at } = where;
  const ref = form.commit ?? form.tag ?? form.branch;
  if (ref === undefined) throw configError(at, `the include of ${form.git} needs a branch, a tag or a commit`);
  const directory = join(context.substitution.userCachePath, 'includes', base32Sha1(form.git).slice(-7));
  const present = await stat(directory).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
  if (!present && context.cloneInclude === undefined) {
    throw configError(at, `the include of ${form.git} is not here, and nothing may be cloned`);
  }
  if (!present) await context.cloneInclude?.({ git: form.git, ref, directory }, context);
  const scopes: ConfigScope[] = [];
  for (const path of form.paths) {
    const place = resolve(directory, path);
    if (relative(directory, place).startsWith('..')) throw configError(at, `the path ${path} leaves the repository`);
    const scope = await openLocal(place, { path: place, optional: form.optional }, { parent, where });
    if (scope !== undefined) scopes.push(scope);
  }
  return scopes;
}

/** Every scope under `scope` and itself, lowest first: includes rank below, the first listed highest. */
export function flattenScope(scope: ConfigScope): ConfigScope[] {
  return [...[...scope.includes].reverse().flatMap(flattenScope), scope];
}

/** One scope per name; a second one is left out with a warning. */
export function uniqueScopes(scopes: readonly ConfigScope[], emit: Emit): ConfigScope[] {
  const known = new Map<string, ConfigScope>();
  // The higher of two comes later in the list and is the one that is listed first in its file.
  for (const scope of [...scopes].reverse()) {
    const earlier = known.get(scope.name);
    if (earlier === undefined) known.set(scope.name, scope);
    else emit(duplicateScope(scope, earlier));
  }
  return [...known.values()].reverse();
}

function duplicateScope(scope: ConfigScope, earlier: ConfigScope): Parameters<Emit>[0] {
  return {
    type: 'warning',
    code: 'WARN_CONFIG_SCOPE_NAME',
    message: `configuration: two scopes are named "${scope.name}": ${scope.path ?? ''} is ignored, ${earlier.path ?? ''} is used`,
    hint: 'Give one of the includes another name.',
  };
}
