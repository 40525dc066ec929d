import { BerthError } from '@berth/base';
import { compatibleDepTypes, depTypeMask, sortEdges } from '../abstract-spec.ts';
import { formatSpec } from '../print/spec.ts';
import { constrain } from '../relations/constrain.ts';
import { sameCondition } from '../relations/order.ts';
import { mergeVirtuals } from '../relations/edges.ts';
import { isConcrete, type Spec, type SpecEdge } from '../spec.ts';

/** A node whose dependencies are still being read. */
export class Draft {
  #node: Spec;
  #edges: SpecEdge[];
  /** Where the edges to children of one name stand in `#edges`. */
  readonly #positions = new Map<string, number[]>();

  constructor(node: Spec) {
    this.#node = node;
    this.#edges = [];
    this.#replace(node);
  }

  /**
   * Adds an edge, or merges it into one to the same package (spec-syntax §2 rule 6).
   * @throws BerthError `usage` ERR_SPEC_DEPENDENCY
   */
  add(edge: SpecEdge): void {
    if (isConcrete(this.#node)) throw conflict('a spec read from a file takes no further dependencies');
    const { name } = edge.spec;
    const rivals = name === undefined ? [] : this.#rivals(name, edge);
    const same = rivals.find((position) => depTypeMask(this.#edge(position).types) === depTypeMask(edge.types));
    if (same !== undefined) {
      this.#edges[same] = merge(this.#edge(same), edge);
      return;
    }
    if (rivals.some((position) => !compatibleDepTypes(this.#edge(position).types, edge.types))) {
      throw conflict(`dependency ${name ?? ''} is given twice with dependency types that exclude each other`);
    }
    this.#push(edge);
  }

  constrain(spec: Spec): void {
    this.#replace(constrain(this.build(), spec).spec);
  }

  build(): Spec {
    return isConcrete(this.#node) ? this.#node : { ...this.#node, dependencies: sortEdges(this.#edges) };
  }

  #replace(spec: Spec): void {
    this.#node = spec;
    this.#edges = [];
    this.#positions.clear();
    for (const edge of spec.dependencies) this.#push(edge);
  }

  #push(edge: SpecEdge): void {
    const { name } = edge.spec;
    if (name !== undefined) {
      const known = this.#positions.get(name);
      if (known === undefined) this.#positions.set(name, [this.#edges.length]);
      else known.push(this.#edges.length);
    }
    this.#edges.push(edge);
  }

  /** Edges to children of this name that count under the same condition. */
  #rivals(name: string, edge: SpecEdge): readonly number[] {
    const positions = this.#positions.get(name) ?? [];
    return positions.filter((position) => sameCondition(this.#edge(position).when, edge.when));
  }

  #edge(position: number): SpecEdge {
    return this.#edges[position] as SpecEdge;
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
