import { createVirtualPackages, parseSpec, type VirtualPackages } from '../src/index.ts';
import { readVectors } from './vectors.ts';

interface ProviderVectors {
  readonly virtuals: readonly string[];
  readonly providers: Readonly<Record<string, readonly { package: string; provides: string; when: string }[]>>;
}

let facts: VirtualPackages | undefined;

/** The virtual packages that the relation vectors rely on. */
export function vectorVirtuals(): VirtualPackages {
  facts ??= readFacts();
  return facts;
}

function readFacts(): VirtualPackages {
  const { virtuals, providers } = readVectors('providers') as ProviderVectors;
  return createVirtualPackages(
    Object.values(providers)
      .flat()
      .map((row) => ({ package: row.package, provides: parseSpec(row.provides), when: parseSpec(row.when) })),
    virtuals,
  );
}
