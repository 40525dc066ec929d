import { BerthError, type Emit, escapeControls } from '@berth/base';
import { type Configuration } from '../configuration.ts';
import { type ConfigEdit, editScope, type EditOptions } from '../edit.ts';
import { type ConfigScope } from '../scopes/scope.ts';
import { checkNode } from '../validate.ts';
import { mirrorsSchema } from '../sections/mirrors.ts';
import {
  type ConfigNode,
  fromData,
  type MapEntry,
  type MapNode,
  mapNode,
  nodeAt,
  replaceAt,
  sameNode,
  stringNode,
} from '../yaml/node.ts';
import { type MirrorDirection } from './mirror.ts';
import { parseMirrorUrl } from './url.ts';

/** What the options of `mirror add` and `mirror set` say (cli §6). Secrets are given by the name of a variable where that can be. */
export interface MirrorOptions {
  readonly id?: string | undefined;
  readonly idVariable?: string | undefined;
  readonly secretVariable?: string | undefined;
  /** Written as it is, beside `id`, in the form of older files; with a warning. */
  readonly secret?: string | undefined;
  readonly accessTokenVariable?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
  /** Kinds given with `--type`: the others are switched off. */
  readonly types?: readonly ('binary' | 'source')[] | undefined;
  readonly autopush?: boolean | undefined;
  readonly signed?: boolean | undefined;
  readonly view?: string | undefined;
}

export interface AddMirrorRequest extends EditOptions {
  readonly name: string;
  /** Stored as it is: a relative path counts from the folder of the file it is stored in. */
  readonly url: string;
  readonly options?: MirrorOptions;
  /** Schemes that plugins bring. */
  readonly extraSchemes?: ReadonlySet<string> | undefined;
}

/** What would not be understood when it is read must not be written. */
function checkAddress(configuration: Configuration, url: string, extraSchemes: ReadonlySet<string> | undefined): void {
  parseMirrorUrl(url, { resolvePath: (path) => configuration.resolvePath(path), extraSchemes });
}

export interface SetMirrorRequest extends EditOptions {
  readonly name: string;
  readonly url?: string | undefined;
  /** Neither means both, in the general part of the entry. */
  readonly direction?: MirrorDirection | undefined;
  readonly options?: MirrorOptions;
  readonly extraSchemes?: ReadonlySet<string> | undefined;
}

/** Puts a mirror in front of those of the scope; a name that is there already is ERR_MIRROR_EXISTS (cli §6.1). */
export async function addMirror(configuration: Configuration, request: AddMirrorRequest): Promise<ConfigEdit> {
  const { name, url, options = {}, signal } = request;
  checkAddress(configuration, url, request.extraSchemes);
  const scope = configuration.scopeToModify(request.scope);
  const settings = connectionSettings(options, mapNode([]), configuration.emit);
  const flags = { ...typeFlags(options), autopush: options.autopush, signed: options.signed, view: options.view };
  const entry = fromData({ url, ...settings, ...flags }) as MapNode;
  const plain = Object.values(options).every((said) => said === undefined);
  const value = plain ? stringNode(url) : entry;
  return editScope(scope, 'mirrors', {
    signal,
    change: (sections) => {
      const mirrors = mirrorsOf(sections);
      if (mirrors.entries.has(name)) throw mirrorExists(name, scope);
      const added: MapEntry = { key: name, mark: 'merge', keyAt: value.at, value };
      return withMirrors(sections, { ...mirrors, entries: new Map([[name, added], ...mirrors.entries]) });
    },
  });
}

/** Changes a mirror of one scope; ERR_MIRROR_NOT_FOUND when that scope has none of the name (cli §6.2). */
export async function setMirror(configuration: Configuration, request: SetMirrorRequest): Promise<ConfigEdit> {
  if (request.url !== undefined) checkAddress(configuration, request.url, request.extraSchemes);
  const scope = configuration.scopeToModify(request.scope);
  return editScope(scope, 'mirrors', {
    signal: request.signal,
    change: (sections) => {
      const mirrors = mirrorsOf(sections);
      const entry = mirrors.entries.get(request.name);
      if (entry === undefined) throw mirrorNotFound(request.name, [scope]);
      const value = changedMirror(entry.value, request, configuration.emit);
      if (sameNode(value, entry.value)) return sections;
      return withMirrors(sections, replaceAt(mirrors, [request.name], value) as MapNode);
    },
  });
}

/** `mirror set-url`: like `setMirror`, with an address. */
export async function setMirrorUrl(
  configuration: Configuration,
  request: SetMirrorRequest & { readonly url: string },
): Promise<ConfigEdit> {
  return setMirror(configuration, request);
}

export interface RemoveMirrorRequest extends EditOptions {
  readonly name: string;
  /** In every scope that can be written to, not only the highest that has it. */
  readonly allScopes?: boolean | undefined;
}

/**
 * Removes a mirror from the scope that was asked for, else from the highest one that can be written to and has it. Only
 * files that have it are touched. ERR_MIRROR_NOT_FOUND lists where it was looked for (cli §6.3).
 */
export async function removeMirror(configuration: Configuration, request: RemoveMirrorRequest): Promise<ConfigEdit[]> {
  const { name, signal } = request;
  const looked =
    request.scope === undefined
      ? configuration.writableScopes().reverse()
      : [configuration.scopeToModify(request.scope)];
  const having = looked.filter((scope) => nodeAt(scope.section('mirrors')?.value, [name]) !== undefined);
  const chosen = request.allScopes === true ? having : having.slice(0, 1);
  if (chosen.length === 0) throw mirrorNotFound(name, looked);
  const edits: ConfigEdit[] = [];
  for (const scope of chosen) {
    const change = (sections: MapNode): MapNode => {
      const mirrors = mirrorsOf(sections);
      return withMirrors(sections, {
        ...mirrors,
        entries: new Map([...mirrors.entries].filter(([key]) => key !== name)),
      });
    };
    edits.push(await editScope(scope, 'mirrors', { signal, change }));
  }
  return edits;
}

function mirrorsOf(sections: MapNode): MapNode {
  const node = nodeAt(sections, ['mirrors']);
  return node?.kind === 'map' ? node : mapNode([]);
}

function withMirrors(sections: MapNode, mirrors: MapNode): MapNode {
  checkNode(mirrors, mirrorsSchema);
  return replaceAt(sections, ['mirrors'], mirrors) as MapNode;
}

function mirrorExists(name: string, scope: ConfigScope): BerthError {
  return new BerthError(
    'config',
    'ERR_MIRROR_EXISTS',
    `mirror ${escapeControls(name)}: scope ${scope.name} has one of this name`,
    {
      hint: `Change it with: berth mirror set ${escapeControls(name)}`,
      details: { name, scope: scope.name },
    },
  );
}

function mirrorNotFound(name: string, scopes: readonly ConfigScope[]): BerthError {
  const names = scopes.map((scope) => scope.name);
  return new BerthError(
    'notfound',
    'ERR_MIRROR_NOT_FOUND',
    `mirror ${escapeControls(name)}: not in ${names.join(', ')}`,
    {
      hint: 'See all mirrors with: berth mirror list',
      details: { name, scopes: names },
    },
  );
}

function changedMirror(value: ConfigNode, request: SetMirrorRequest, emit: Emit): ConfigNode {
  const { url, direction, options = {} } = request;
  if (direction === undefined) {
    const general = { ...typeFlags(options), signed: options.signed, autopush: options.autopush };
    return changedConnection(value, { url, settings: connectionSettings(options, value, emit), general });
  }
  const entry = asMapping(value);
  const own = entry.entries.get(direction)?.value ?? mapNode([]);
  const changed = changedConnection(own, { url, settings: connectionSettings(options, own, emit), general: {} });
  const empty = changed.kind === 'map' && changed.entries.size === 0;
  if (empty || sameNode(changed, own)) return value;
  // A direction of which nothing but the address is said is that address.
  return replaceAt(entry, [direction], onlyUrl(changed) ?? changed);
}

interface ConnectionChange {
  readonly url: string | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly general: Readonly<Record<string, unknown>>;
}

function changedConnection(value: ConfigNode, { url, settings, general }: ConnectionChange): ConfigNode {
  const changes = fromData({ url, ...settings, ...general }) as MapNode;
  if (changes.entries.size === 0) return value;
  if (value.kind === 'scalar' && changes.entries.size === 1 && url !== undefined) return stringNode(url);
  let changed: ConfigNode = asMapping(value);
  for (const [key, entry] of changes.entries) changed = replaceAt(changed, [key], entry.value);
  return changed;
}

function asMapping(value: ConfigNode): MapNode {
  return value.kind === 'map' ? value : mapNode([{ key: 'url', mark: 'merge', keyAt: value.at, value }], value.at);
}

function onlyUrl(value: ConfigNode): ConfigNode | undefined {
  return value.kind === 'map' && value.entries.size === 1 ? value.entries.get('url')?.value : undefined;
}

function typeFlags({ types }: MirrorOptions): { readonly binary?: boolean; readonly source?: boolean } {
  if (types === undefined || types.length === 0) return {};
  return { binary: types.includes('binary'), source: types.includes('source') };
}

/** Keys of a connection in the order in which they are written (cli §6.1). */
function connectionSettings(options: MirrorOptions, existing: ConfigNode, emit: Emit): Record<string, unknown> {
  return {
    access_pair: plainPair(options, emit) ?? accessPair(options, existing, emit),
    access_token_variable: options.accessTokenVariable,
    profile: options.profile,
    endpoint_url: options.endpointUrl,
  };
}

/** Half a pair completes the one that is there; with none there it is left out, with a warning. */
function accessPair(options: MirrorOptions, existing: ConfigNode, emit: Emit): Record<string, string> | undefined {
  const { id, idVariable, secretVariable } = options;
  if (id === undefined && idVariable === undefined && secretVariable === undefined) return undefined;
  const present = (key: string): string | undefined => {
    const node = nodeAt(existing, ['access_pair', key]);
    return node?.kind === 'scalar' ? node.text : undefined;
  };
  const saidId = id !== undefined || idVariable !== undefined;
  const pair = {
    id: saidId ? id : present('id'),
    id_variable: saidId ? idVariable : present('id_variable'),
    secret_variable: secretVariable ?? present('secret_variable'),
  };
  const hasId = pair.id !== undefined || pair.id_variable !== undefined;
  if (hasId && pair.secret_variable !== undefined) {
    return Object.fromEntries(Object.entries(pair).filter((item): item is [string, string] => item[1] !== undefined));
  }
  emit({
    type: 'warning',
    code: 'WARN_MIRROR_HALF_PAIR',
    message: 'mirror credentials: only one half is given, so that none are stored',
    hint: 'Give both the name (or its variable) and the variable of the secret.',
  });
  return undefined;
}

/** The pair itself, as files of versions before 1.0 have it. */
function plainPair({ id, secret }: MirrorOptions, emit: Emit): readonly string[] | undefined {
  if (id === undefined || secret === undefined) return undefined;
  emit({
    type: 'warning',
    code: 'WARN_MIRROR_SECRET',
    message: 'mirror credentials: the password stands in the configuration, where everybody who reads the file sees it',
    hint: 'Leave --in-config out, or name a variable with --oci-password-variable.',
  });
  return [id, secret];
}
