import { type Spec } from '../spec.ts';

/** `provides("mpi@:3", when="@2:")` of one package. */
export interface Provision {
  readonly package: string;
  readonly provides: Spec;
  /** Condition on the package. */
  readonly when: Spec;
}

/** What the package repositories say about virtual packages; relations between specs ask it. */
export interface VirtualPackages {
  isVirtual(name: string): boolean;
  /** Everything that provides some version of a virtual package. */
  provisionsOf(virtual: string): readonly Provision[];
  /** Everything that a package provides. */
  provisionsBy(packageName: string): readonly Provision[];
}

/** Without repositories no name is virtual. */
export const NO_VIRTUALS: VirtualPackages = createVirtualPackages([]);

/** Facts from a list of `provides` declarations; `names` are further virtual packages that nothing provides. */
export function createVirtualPackages(
  provisions: readonly Provision[],
  names: readonly string[] = [],
): VirtualPackages {
  const byVirtual = groupBy(provisions, ({ provides }) => provides.name ?? '');
  const byPackage = groupBy(provisions, (provision) => provision.package);
  const virtuals = new Set([...byVirtual.keys(), ...names]);
  return {
    isVirtual: (name) => virtuals.has(name),
    provisionsOf: (virtual) => byVirtual.get(virtual) ?? [],
    provisionsBy: (packageName) => byPackage.get(packageName) ?? [],
  };
}

/** True if a spec is named after a virtual package. */
export function isVirtualSpec({ name }: Spec, virtuals: VirtualPackages): boolean {
  return name !== undefined && virtuals.isVirtual(name);
}

function groupBy(provisions: readonly Provision[], key: (provision: Provision) => string): Map<string, Provision[]> {
  const groups = new Map<string, Provision[]>();
  for (const provision of provisions) {
    const group = groups.get(key(provision));
    if (group === undefined) groups.set(key(provision), [provision]);
    else group.push(provision);
  }
  return groups;
}
