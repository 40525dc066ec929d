import { BerthError, DEFAULT_LIMITS, messageOf } from '@berth/base';
import { isAlias, isCollection, isMap, isScalar, isSeq, parseDocument, visit, type Document, type YAMLMap } from 'yaml';
import { type BuildInfo } from './build-info.ts';

export interface ParseBuildInfoOptions {
  /** Names the package in messages: `greet@1.0/7y7a35n`. */
  readonly what: string;
}

/**
 * Parses `.spack/binary_distribution`: YAML or JSON, of any Spack since 0.12 (buildcache-formats §4). Rejects with
 * `format` ERR_BUILD_INFO what is not such a document, with `limit` ERR_LIMIT one that is too large.
 */
export function parseBuildInfo(bytes: Uint8Array, options: ParseBuildInfoOptions): BuildInfo {
  const fields = new Fields(parseMapping(bytes, options), options);
  const hashToPrefix = fields.strings('hash_to_prefix') ?? inverted(fields.strings('prefix_to_hash'));
  if (hashToPrefix === undefined) {
    throw invalid(options, 'neither hash_to_prefix nor prefix_to_hash: it was packed for another directory layout');
  }
  const [sbangInstallPath, spackPrefix, relativePrefix] = ['sbang_install_path', 'spackprefix', 'relative_prefix'].map(
    (key) => fields.text(key),
  );
  return {
    buildPath: fields.requiredText('buildpath'),
    hardLinksDeduped: fields.flag('hardlinks_deduped'),
    hashToPrefix,
    relocateBinaries: fields.list('relocate_binaries'),
    relocateLinks: fields.list('relocate_links'),
    relocateTextFiles: fields.list('relocate_textfiles'),
    relativeRpaths: fields.flag('relative_rpaths'),
    ...(sbangInstallPath === undefined ? {} : { sbangInstallPath }),
    ...(spackPrefix === undefined ? {} : { spackPrefix }),
    ...(relativePrefix === undefined ? {} : { relativePrefix }),
  };
}

function inverted(map: ReadonlyMap<string, string> | undefined): ReadonlyMap<string, string> | undefined {
  return map === undefined ? undefined : new Map(Array.from(map, ([key, value]) => [value, key]));
}

function parseMapping(bytes: Uint8Array, options: ParseBuildInfoOptions): YAMLMap {
  const { yamlBytes, yamlNodes } = DEFAULT_LIMITS;
  if (bytes.byteLength > yamlBytes) throw tooLarge(options, `${yamlBytes} bytes`);
  const document = parse(bytes, options);
  // Text stays text in this schema: a hash of digits only must not become a number.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw invalid(options, problem.message.split('\n')[0] ?? 'not YAML', problem);
  checkNodes(document, options, yamlNodes);
  if (!isMap(document.contents)) throw invalid(options, 'not a mapping');
  return document.contents;
}

function parse(bytes: Uint8Array, options: ParseBuildInfoOptions): Document {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return parseDocument(text, {
      schema: 'failsafe',
      version: '1.2',
      merge: false,
      uniqueKeys: true,
      prettyErrors: true,
    });
  } catch (cause) {
    throw invalid(options, messageOf(cause), cause);
  }
}

/** Aliases have no place in this document; without them its nodes can be counted as they stand. */
function checkNodes(document: Document, options: ParseBuildInfoOptions, maxNodes: number): void {
  let nodes = 0;
  visit(document, {
    Node: (_, node) => {
      nodes += 1;
      if (nodes > maxNodes) throw tooLarge(options, `${maxNodes} nodes`);
      if (isAlias(node)) throw invalid(options, 'aliases are not allowed');
      if ((isScalar(node) || isCollection(node)) && node.tag !== undefined && !CORE_TAGS.has(node.tag)) {
        throw invalid(options, `tag ${node.tag} is not allowed`);
      }
    },
  });
}

const CORE_TAGS: ReadonlySet<string> = new Set(['str', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`));

function tooLarge(options: ParseBuildInfoOptions, limit: string): BerthError {
  return new BerthError('limit', 'ERR_LIMIT', `build info of ${options.what}: larger than the limit of ${limit}`);
}

function invalid(options: ParseBuildInfoOptions, why: string, cause?: unknown): BerthError {
  return new BerthError('format', 'ERR_BUILD_INFO', `build info of ${options.what}: ${why}`, {
    cause,
    hint: 'The package was not packed correctly: push it again.',
  });
}

/** Reads the keys of the mapping; a key that is there must have its type. */
class Fields {
  readonly #map: YAMLMap;
  readonly #options: ParseBuildInfoOptions;

  constructor(map: YAMLMap, options: ParseBuildInfoOptions) {
    this.#map = map;
    this.#options = options;
  }

  text(key: string): string | undefined {
    const node = this.#node(key);
    return node === undefined ? undefined : this.#textOf(node, key);
  }

  requiredText(key: string): string {
    const text = this.text(key);
    if (text === undefined || text === '') throw invalid(this.#options, `${key} is missing`);
    return text;
  }

  flag(key: string): boolean {
    const text = this.text(key)?.toLowerCase();
    if (text === undefined || text === 'false' || text === '' || text === 'null') return false;
    if (text === 'true') return true;
    throw invalid(this.#options, `${key} is neither true nor false`);
  }

  list(key: string): readonly string[] {
    const node = this.#node(key);
    if (node === undefined) return [];
    if (!isSeq(node)) throw invalid(this.#options, `${key} is not a list`);
    return node.items.map((item) => this.#textOf(item, key));
  }

  strings(key: string): ReadonlyMap<string, string> | undefined {
    const node = this.#node(key);
    if (node === undefined) return undefined;
    if (!isMap(node)) throw invalid(this.#options, `${key} is not a mapping`);
    return new Map(node.items.map((pair) => [this.#textOf(pair.key, key), this.#textOf(pair.value, key)]));
  }

  #node(key: string): unknown {
    return this.#map.get(key, true);
  }

  #textOf(node: unknown, key: string): string {
    if (isScalar(node) && typeof node.value === 'string') return node.value;
    throw invalid(this.#options, `${key} holds something that is not text`);
  }
}
