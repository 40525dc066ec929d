import { formatJson } from '@berth/base';
import { type ConcreteSpec, traverse } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';

export interface NodeList {
  readonly specs: readonly ConcreteSpec[];
  readonly snapshot: DatabaseSnapshot;
  readonly show: { readonly line: { readonly dependencies: boolean } };
}

/**
 * The nodes of specs as one JSON array, as they are on record, without a final newline (cli §4.3): what programs written
 * for `spack find --json` read. With dependencies, those follow, each hash once.
 */
export function formatNodes({ specs, snapshot, show }: NodeList): string {
  const listed = show.line.dependencies ? new Set([...specs, ...traverse(specs)]) : specs;
  const texts = Array.from(listed, (spec) => snapshot.get(spec.hash)?.node.text ?? formatJson(spec.node));
  return `[${texts.join(',')}]`;
}
