import { BerthError, JsonFields, parseSha256, parseStrictJson, type Sha256 } from '@berth/base';
import { type ConcreteSpec, readSpecDocument } from '@berth/spec';

/** A spec file of layout v2 or v1: the spec and the digest of its archive (buildcache-formats §5). */
export interface V2SpecFile {
  readonly spec: ConcreteSpec;
  readonly layout: 2 | 1;
  readonly archiveDigest: Sha256;
}

/**
 * Reads the text of a spec file. Rejects with `format`: layouts before 1 and after 2, a checksum that is not SHA-256, anything
 * that is not a spec document.
 */
export function parseV2SpecFile(text: string | Uint8Array, what: string): V2SpecFile {
  const fields = new JsonFields(parseStrictJson(text, { what }), { what });
  const layout = readLayout(fields, what);
  const checksum = fields.fields('binary_cache_checksum');
  const algorithm = checksum.string('hash_algorithm');
  if (algorithm !== 'sha256')
    throw checksum.error('hash_algorithm', `expected sha256, found ${JSON.stringify(algorithm.slice(0, 40))}`);
  return {
    layout,
    archiveDigest: parseSha256(checksum.string('hash'), `${what}: /binary_cache_checksum/hash`),
    spec: readSpecDocument(fields.object, { what }).root,
  };
}

function readLayout(fields: JsonFields, what: string): 2 | 1 {
  const layout = fields.has('buildcache_layout_version') ? fields.count('buildcache_layout_version') : 0;
  if (layout === 1 || layout === 2) return layout;
  const why = layout === 0 ? 'is too old to be read: push the package again' : 'needs a newer version of berth';
  throw new BerthError('format', 'ERR_LAYOUT_VERSION', `${what}: layout version ${layout} ${why}`, {
    details: { layout },
  });
}
