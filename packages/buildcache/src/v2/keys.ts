import { type ConcreteSpec } from '@berth/spec';
import { identityOf, politeFileName } from '../names.ts';

/** Where layout v2, and v1 before it, keep things (buildcache-formats §5). Read only. */
export const V2_PREFIX = 'build_cache/';
export const V2_INDEX_KEY = 'build_cache/index.json';
export const V2_INDEX_HASH_KEY = 'build_cache/index.json.hash';

export interface V2Keys {
  readonly signedSpecFile: string;
  readonly specFile: string;
  readonly archive: string;
}

/** The names of one package in layout v2: they hold its architecture and its compiler (§2.1, §5). */
export function v2Keys(spec: ConcreteSpec): V2Keys {
  const { name, version, hash } = identityOf(spec);
  const { platform, os, target } = spec.architecture;
  const architecture = politeFileName(`${platform}-${os}-${target}`);
  const compiler = compilerOf(spec);
  const base = politeFileName(`${platform}-${os}-${target}-${compiler}-${name}-${version}-${hash}`);
  const folder = `${architecture}/${politeFileName(compiler)}/${politeFileName(`${name}-${version}`)}`;
  return {
    specFile: `${V2_PREFIX}${base}.spec.json`,
    signedSpecFile: `${V2_PREFIX}${base}.spec.json.sig`,
    archive: `${V2_PREFIX}${folder}/${base}.spack`,
  };
}

/** The first direct provider of `c`, `cxx`, `fortran`; the node attribute of formats before 5; else `none-none`. */
function compilerOf(spec: ConcreteSpec): string {
  const { compiler } = spec.annotations;
  if (compiler !== undefined) return compiler.replace(/@=?/, '-');
  for (const language of ['c', 'cxx', 'fortran']) {
    const edge = spec.dependencies.find(({ virtuals }) => virtuals.includes(language));
    if (edge !== undefined) return `${edge.spec.name}-${identityOf(edge.spec).version}`;
  }
  return 'none-none';
}

/** The DAG hash that ends a spec file's name, or `undefined` for a key of something else (§2.1). */
export function parseV2SpecFileKey(key: string): string | undefined {
  return /^build_cache\/[^/]+-([a-z2-7]{32})\.spec\.json(?:\.sig)?$/.exec(key)?.[1];
}
