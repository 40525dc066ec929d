import { BerthError } from '@berth/base';
import { compatibleDepTypes, depTypeMask, groupEdges } from '../abstract-spec.ts';
import { formatSpec } from '../print/spec.ts';
import { constrain } from '../relations/constrain.ts';
import { sameCondition } from '../relations/order.ts';
import { mergeVirtuals } from '../relations/edges.ts';
import { isConcrete, type Spec, type SpecEdge } from '../spec.ts';

/** A node whose dependencies are still being read. */
export class Draft {
  #node: Spec;
  /** Edges by the name of the child, in the order in which the names came up. */
  readonly #edges = new Map<string | undefined, SpecEdge[]>();

  constructor(node: Spec) {
    this.#node = node;
    this.#replace(node);
  }

  /**
   * Adds an edge, or merges it into one to the same package (spec-syntax §2 rule 6).
   * @throws BerthError `usage` ERR_SPEC_DEPENDENCY
   */
  add(edge: SpecEdge): void {
    if (isConcrete(this.#node)) throw conflict('a spec read from a file takes no further dependencies');
    const { name } = edge.spec;
    const group = this.#edges.get(name) ?? [];
    const rivals = name === undefined ? [] : group.filter((known) => sameCondition(known.when, edge.when));
    const same = rivals.find((known) => depTypeMask(known.types) === depTypeMask(edge.types));
    if (same !== undefined) {
      group[group.indexOf(same)] = merge(same, edge);
      return;
    }
    if (!rivals.every((known) => compatibleDepTypes(known.types, edge.types))) {
      throw conflict(`dependency ${name ?? ''} is given twice with dependency types that exclude each other`);
    }
    this.#push(edge);
  }

  constrain(spec: Spec): void {
    this.#replace(constrain(this.build(), spec).spec);
  }

  build(): Spec {
    return isConcrete(this.#node)
      ? this.#node
      : { ...this.#node, dependencies: groupEdges([...this.#edges.values()].flat()) };
  }

  #replace(spec: Spec): void {
    this.#node = spec;
    this.#edges.clear();
    for (const edge of spec.dependencies) this.#push(edge);
  }

  #push(edge: SpecEdge): void {
    const group = this.#edges.get(edge.spec.name);
    if (group === undefined) this.#edges.set(edge.spec.name, [edge]);
    else group.push(edge);
  }
}

function merge(known: SpecEdge, added: SpecEdge): SpecEdge {
  try {
    return { ...known, spec: constrain(known.spec, added.spec).spec, virtuals: mergeVirtuals(known, added) };
  } catch (cause) {
    throw conflict(`cannot depend on both ${formatSpec(known.spec)} and ${formatSpec(added.spec)}`, cause);
  }
}

function conflict(message: string, cause?: unknown): BerthError {
  return new BerthError('usage', 'ERR_SPEC_DEPENDENCY', message, { cause });
}
