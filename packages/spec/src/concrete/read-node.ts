import { isJsonArray, JsonFields, JsonNumber, type ErrorKind, type JsonObject, type JsonValue } from '@berth/base';
import { DEP_TYPES, type DagHash, type DepType } from '../spec.ts';
import { isDagHash } from './dag-hash.ts';
import { isArchitecturePart, isNamespace, isPackageName, isVersionText } from './grammar.ts';

/** What must be known of a node before it is linked; everything else is read from `node` on demand. */
export interface NodeFacts {
  readonly name: string;
  readonly versionText: string;
  readonly namespace: string | undefined;
  readonly hash: DagHash;
  readonly architecture: { readonly platform: string; readonly os: string; readonly target: string };
  readonly edges: readonly EdgeFacts[];
  readonly buildHash: string | undefined;
  readonly originalFormat: number;
  readonly compiler: string | undefined;
  readonly node: JsonObject;
  /** JSON pointer of the node in its document, for messages. */
  readonly pointer: string;
}

export interface EdgeFacts {
  readonly name: string;
  readonly hash: string;
  /** In the order of `DEP_TYPES`. */
  readonly types: readonly DepType[];
  readonly virtuals: readonly string[];
  readonly direct: boolean;
}

export interface NodeSource {
  /** Names the document in messages. */
  readonly what: string;
  readonly kind: ErrorKind;
  readonly pointer: string;
}

const CURRENT_FORMAT = 5;

/**
 * Checks one concrete node of format 5 (store-and-specs-on-disk A.3 to A.6). Every name and version is checked against
 * its grammar, so that paths may be built from them (hostile-inputs J17).
 * @throws BerthError of `source.kind`, ERR_DOCUMENT, with a JSON pointer
 */
export function readNode(node: JsonObject, source: NodeSource): NodeFacts {
  const fields = new JsonFields(node, source);
  if (node.get('concrete') === false) throw fields.error('concrete', 'the spec is abstract; a concrete one is needed');
  const annotations = fields.optionalFields('annotations');
  if (annotations === undefined && fields.has('compiler')) {
    throw fields.error('compiler', 'not expected in a node without "annotations"');
  }
  const hash = fields.string('hash');
  if (!isDagHash(hash)) throw fields.error('hash', 'not a DAG hash of 32 lower-case base32 characters');
  checkParameters(fields);
  checkOptional(fields);
  return {
    name: checked(fields, 'name', isPackageName, 'not a package name'),
    versionText: checked(fields, 'version', isVersionText, 'not a version'),
    namespace: fields.has('namespace') ? checked(fields, 'namespace', isNamespace, 'not a namespace') : undefined,
    hash,
    architecture: readArchitecture(fields.fields('arch')),
    edges: fields.has('dependencies') ? fields.eachFields('dependencies').map(readEdge) : [],
    buildHash: readBuildHash(fields),
    originalFormat: annotations?.count('original_specfile_version') ?? CURRENT_FORMAT,
    compiler: annotations?.optionalString('compiler'),
    node,
    pointer: source.pointer,
  };
}

function checked(fields: JsonFields, key: string, valid: (text: string) => boolean, why: string): string {
  const text = fields.string(key);
  if (!valid(text)) throw fields.error(key, `${JSON.stringify(text.slice(0, 60))} is ${why}`);
  return text;
}

function readArchitecture(arch: JsonFields): NodeFacts['architecture'] {
  const part = (fields: JsonFields, key: string): string =>
    checked(fields, key, isArchitecturePart, 'not a name of a platform, system or target');
  const target =
    typeof arch.object.get('target') === 'string' ? part(arch, 'target') : part(arch.fields('target'), 'name');
  return { platform: part(arch, 'platform'), os: part(arch, 'platform_os'), target };
}

function readEdge(fields: JsonFields): EdgeFacts {
  const parameters = fields.fields('parameters');
  const written = parameters.strings('deptypes');
  const unknown = written.find((type) => !(DEP_TYPES as readonly string[]).includes(type));
  if (unknown !== undefined) throw parameters.error('deptypes', `${JSON.stringify(unknown)} is not a dependency type`);
  return {
    name: checked(fields, 'name', isPackageName, 'not a package name'),
    hash: fields.string('hash'),
    types: DEP_TYPES.filter((type) => written.includes(type)),
    virtuals: parameters.strings('virtuals'),
    direct: parameters.has('direct') && parameters.boolean('direct'),
  };
}

function readBuildHash(fields: JsonFields): string | undefined {
  return fields.optionalFields('build_spec')?.string('hash');
}

/** Facts that are read later are checked now: a document is refused as a whole, where it is read. */
function checkOptional(fields: JsonFields): void {
  if (fields.has('patches')) fields.strings('patches');
  fields.optionalString('package_hash');
  const external = fields.optionalFields('external');
  if (external !== undefined) {
    external.optionalString('path');
    external.optionalFields('extra_attributes');
    if (isJsonArray(external.object.get('module'))) external.strings('module');
  }
}

function checkParameters(fields: JsonFields): void {
  const parameters = fields.optionalFields('parameters');
  for (const [key, value] of parameters?.object ?? []) {
    if (isJsonArray(value)) parameters?.strings(key);
    else if (!isScalar(value))
      throw fields.error(`parameters/${key}`, 'expected true, false, a text or a list of texts');
  }
}

function isScalar(value: JsonValue): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || value instanceof JsonNumber;
}
