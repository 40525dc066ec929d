import { formatJson } from '@berth/base';
import { type ConcreteSpec, traverse } from '@berth/spec';
import { type DatabaseSnapshot } from '@berth/store';

export interface NodeList {
  readonly recorded: readonly ConcreteSpec[];
  readonly snapshot: DatabaseSnapshot;
  readonly show: { readonly line: { readonly dependencies: boolean } };
}

/**
 * The nodes of specs as one JSON array, as they are on record, without a final newline (cli §4.3): what programs written
 * for `spack find --json` read. With dependencies, those of each spec follow it, each hash once.
 */
export function formatNodes({ recorded, snapshot, show }: NodeList): string {
  const listed = show.line.dependencies ? traverse(recorded) : recorded;
  const texts = listed.map((spec) => snapshot.get(spec.hash)?.node.text ?? formatJson(spec.node));
  return `[${texts.join(',')}]`;
}
