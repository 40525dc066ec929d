import {
  BerthError,
  isJsonArray,
  isJsonObject,
  JsonFields,
  jsonNumber,
  jsonObject,
  type JsonObject,
  type JsonValue,
} from '@berth/base';
import { type NodeSource } from './read-node.ts';

/** The format this package writes; formats 1 to 4 are read. */
export const SPEC_FORMAT = 5;

/** A node as it stands in a document, under the key that its dependents name it by. */
export interface RawNode {
  readonly key: string;
  readonly node: JsonObject;
  readonly source: NodeSource;
}

/** Where old documents keep the hash that edges refer to, in the order in which readers look. */
const HASH_KEYS = ['hash', 'package_hash', 'full_hash', 'build_hash'] as const;
type HashKey = (typeof HASH_KEYS)[number];

/** The keys of a node of format 5 that older formats share, in the order of store-and-specs-on-disk A.3. */
const SHARED_KEYS = ['namespace', 'parameters', 'external', 'patches', 'package_hash'] as const;

/** The hash under which the nodes of one document refer to each other (store-and-specs-on-disk A.2). */
export function referenceKey(nodes: Iterable<JsonObject>): HashKey {
  const entries = Array.from(nodes, dependencyEntries).flat();
  return HASH_KEYS.find((key) => entries.some((entry) => entry.value.has(key))) ?? 'hash';
}

/** The node of format 1 that stands under its name as the only key, with the name in it. */
export function unwrapNamedNode(value: JsonValue, source: NodeSource): JsonObject {
  const fields = new JsonFields(value, source);
  const [name] = fields.object.keys();
  if (name === undefined || fields.object.size !== 1)
    throw fields.error('', 'expected one package name as the only key');
  return new Map<string, JsonValue>([['name', name], ...fields.fields(name).object]);
}

/**
 * The nodes in format 5. Dependency hashes become DAG hashes, every edge of an older format is direct, a compiler
 * attribute becomes an annotation (store-and-specs-on-disk A.7). What providers an edge of formats 1 to 3 has is not
 * recorded there: its virtuals are empty. Stored hashes stay as they are.
 */
export function upgradeNodes(raws: readonly RawNode[], formatVersion: number): readonly RawNode[] {
  if (formatVersion >= SPEC_FORMAT) return raws.map(withHash);
  const hashes = new Map(raws.map(({ key, node }) => [key, node.get('hash') ?? key] as const));
  const reference = referenceKey(raws.map(({ node }) => node));
  return raws.map((raw) => ({ ...raw, node: upgradeNode(raw, { formatVersion, hashes, reference }) }));
}

interface Upgrade {
  readonly formatVersion: number;
  readonly hashes: ReadonlyMap<string, JsonValue>;
  readonly reference: HashKey;
}

function withHash(raw: RawNode): RawNode {
  if (raw.node.has('hash')) return raw;
  return { ...raw, node: new Map<string, JsonValue>([...raw.node, ['hash', raw.key]]) };
}

function upgradeNode({ key, node, source }: RawNode, upgrade: Upgrade): JsonObject {
  const dependencies = dependencyEntries(node).map((entry) => upgradeEntry(entry, upgrade));
  const buildSpec = node.get('build_spec');
  return jsonObject([
    ['name', node.get('name')],
    ['version', node.get('version')],
    ['arch', node.get('arch')],
    ...SHARED_KEYS.map((shared) => [shared, node.get(shared)] as const),
    ['dependencies', dependencies.length === 0 ? undefined : dependencies],
    ['build_spec', isJsonObject(buildSpec) ? upgradeBuildSpec(buildSpec, upgrade) : buildSpec],
    ['annotations', upgradeAnnotations(node, upgrade.formatVersion, source)],
    ['hash', node.get('hash') ?? key],
  ]);
}

interface OldEntry {
  readonly name: JsonValue | undefined;
  readonly value: JsonObject;
}

/** Dependencies of any format: a list of objects with a name, or in format 1 a map from names. */
function dependencyEntries(node: JsonObject): readonly OldEntry[] {
  const dependencies = node.get('dependencies');
  if (isJsonArray(dependencies)) {
    return dependencies.filter(isJsonObject).map((value) => ({ name: value.get('name'), value }));
  }
  if (!isJsonObject(dependencies)) return [];
  return Array.from(dependencies, ([name, value]) => ({ name, value: isJsonObject(value) ? value : new Map() }));
}

function upgradeEntry({ name, value }: OldEntry, { hashes, reference }: Upgrade): JsonObject {
  const written = value.get(reference);
  const parameters = value.get('parameters');
  const types = isJsonObject(parameters) ? parameters.get('deptypes') : value.get('type');
  return jsonObject([
    ['name', name],
    ['hash', typeof written === 'string' ? (hashes.get(written) ?? written) : written],
    [
      'parameters',
      jsonObject([
        ['deptypes', types],
        ['virtuals', isJsonObject(parameters) ? parameters.get('virtuals') : []],
        ['direct', true],
      ]),
    ],
  ]);
}

function upgradeBuildSpec(buildSpec: JsonObject, { hashes }: Upgrade): JsonObject {
  const written = HASH_KEYS.map((key) => buildSpec.get(key)).find((value) => typeof value === 'string');
  return jsonObject([
    ['name', buildSpec.get('name')],
    ['hash', typeof written === 'string' ? (hashes.get(written) ?? written) : undefined],
  ]);
}

function upgradeAnnotations(node: JsonObject, formatVersion: number, source: NodeSource): JsonObject {
  const compiler = node.get('compiler');
  return jsonObject([
    ['original_specfile_version', jsonNumber(formatVersion)],
    [
      'compiler',
      compiler === undefined || compiler === null ? undefined : compilerText(new JsonFields(compiler, source)),
    ],
  ]);
}

/** `gcc@=12.2.0`, or `gcc@11:12` where a list of versions was recorded. */
function compilerText(compiler: JsonFields): string {
  if (compiler.has('version')) return `${compiler.string('name')}@=${compiler.string('version')}`;
  return `${compiler.string('name')}@${compiler.strings('versions').join(',')}`;
}

/**
 * A known format number as it is.
 * @throws BerthError of `kind`, ERR_SPEC_FORMAT, asking for a newer program (hostile-inputs J11)
 */
export function checkFormatVersion(version: number, { what, kind }: Pick<NodeSource, 'what' | 'kind'>): number {
  if (version >= 1 && version <= SPEC_FORMAT) return version;
  throw new BerthError(
    kind,
    'ERR_SPEC_FORMAT',
    `${what}: spec format ${version} is not known to this version of berth`,
    {
      hint: 'Use a newer berth, or the program that wrote the document.',
      details: { version, newest: SPEC_FORMAT },
    },
  );
}
