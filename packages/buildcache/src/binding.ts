import { BerthError } from '@berth/base';
import { type ConcreteSpec, verifyDagHash } from '@berth/spec';
import { identityOf, labelOf, type PackageQuery } from './names.ts';

/** How firmly a spec was tied to the hash that was asked for. */
export type Binding = 'recomputed' | 'stored-hash-only';

/**
 * Ties what a mirror served to what was asked: name, version and DAG hash are equal, and the hash is recomputed from the
 * document where that is possible (hostile-inputs J14, J20; store-and-specs-on-disk B.1). Throws `digest`, ERR_BINDING or
 * ERR_DAG_HASH.
 */
export function checkBinding(spec: ConcreteSpec, asked: PackageQuery, what: string): Binding {
  const wanted = identityOf(asked);
  const found = identityOf(spec);
  if (wanted.hash !== found.hash || wanted.name !== found.name || wanted.version !== found.version) {
    throw new BerthError('digest', 'ERR_BINDING', `${what}: asked for ${labelOf(wanted)}, got ${labelOf(found)}`, {
      hint: 'This mirror serves another package under this name: do not use it until its owner has repaired it.',
      details: { wanted, found },
    });
  }
  const verdict = verifyDagHash(spec);
  if (verdict !== 'different') return verdict === 'equal' ? 'recomputed' : 'stored-hash-only';
  throw new BerthError('digest', 'ERR_DAG_HASH', `${what}: the spec document does not hash to ${found.hash}`, {
    hint: 'The document was altered: do not use this mirror until its owner has repaired it.',
    details: { hash: found.hash },
  });
}
