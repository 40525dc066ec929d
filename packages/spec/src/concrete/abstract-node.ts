import { jsonNumber, jsonObject, type JsonObject } from '@berth/base';
import { isConcrete, type DagHash, type Spec } from '../spec.ts';
import { targetByName } from '../target/target.ts';
import { compareCodePoints } from '../variant/variant.ts';
import { concreteVersion, formatVersionElement } from '../version/version-list.ts';
import { edgesJson, parametersJson, targetJson } from './create-node.ts';
import { dagHash } from './dag-hash.ts';
import { SPEC_FORMAT } from './upgrade-nodes.ts';

/** The DAG hash of any spec. That of an abstract one tells it from others, and names nothing that is installed. */
export function specHash(spec: Spec): DagHash {
  return isConcrete(spec) ? spec.hash : dagHash(abstractNode(spec));
}

/** The JSON form of an abstract spec, without `hash` (store-and-specs-on-disk A.8). */
export function abstractNode(spec: Spec): JsonObject {
  const version = concreteVersion(spec.versions);
  const parameters = parametersJson(spec.variants, spec.flags);
  const given = parameters.size > 0;
  const edges = spec.dependencies.map(({ spec: child, types, virtuals, direct }) => {
    return { name: child.name ?? '', hash: specHash(child), types, virtuals, direct };
  });
  return jsonObject([
    ['name', spec.name ?? ''],
    ['version', version?.text],
    ['versions', version === undefined ? spec.versions.elements.map(formatVersionElement) : undefined],
    ['arch', archJson(spec)],
    ['namespace', spec.namespace],
    ['parameters', given ? parameters : undefined],
    ['propagate', given ? propagated(spec) : undefined],
    ['abstract', given ? openVariants(spec) : undefined],
    ['concrete', false],
    ['dependencies', edges.length === 0 ? undefined : edgesJson(edges)],
    ['annotations', new Map([['original_specfile_version', jsonNumber(SPEC_FORMAT)]])],
  ]);
}

function archJson({ architecture: { platform, os, target } }: Spec): JsonObject | undefined {
  if (platform === undefined && os === undefined && target === undefined) return undefined;
  return jsonObject([
    ['platform', platform ?? null],
    ['platform_os', os ?? null],
    ['target', target === undefined ? null : targetJson(targetByName(target))],
  ]);
}

function propagated({ variants, flags }: Spec): readonly string[] {
  const ofVariants = [...variants].filter(([, { propagate }]) => propagate).map(([name]) => name);
  const ofFlags = [...flags].filter(([, list]) => list.some(({ propagate }) => propagate)).map(([kind]) => kind);
  return [...ofVariants, ...ofFlags].sort(compareCodePoints);
}

function openVariants({ variants }: Spec): readonly string[] {
  const open = [...variants].filter(([, { type, concrete }]) => type === 'multi' && !concrete);
  return open.map(([name]) => name).sort(compareCodePoints);
}
