import { bytesSource, sha256Of } from '@berth/base';
import { type ConcreteSpec, dagHash, linkNodes, readSpecDocument } from '@berth/spec';
import { type JsonObject, type JsonValue, toJson } from '@berth/base';
import { type Publication } from '../../src/index.ts';
import { readFixtureText } from './stores.ts';

/** The spec of one of the golden store's packages. */
export function goldenSpec(name: string): ConcreteSpec {
  return readSpecDocument(readFixtureText(`specs/${name}.json`), { what: name }).root;
}

export function publicationOf(spec: ConcreteSpec, bytes: Uint8Array | string): Publication {
  const digest = sha256Of(bytes);
  return {
    spec,
    closure: [spec],
    prefix: `/opt/golden/store/${spec.name}`,
    archive: { source: bytesSource(bytes), digest, diffId: digest },
    installedAt: undefined,
    runEnvironment: [],
    seal: undefined,
    attachments: [],
  };
}

/** Any number of small concrete specs, each with its own hash, all depending on the one named `base`. */
export function syntheticSpecs(count: number, prefix = 'pkg'): readonly ConcreteSpec[] {
  const base = node('base', []);
  const nodes = new Map<string, JsonObject>([[hashOf(base), base]]);
  const names = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
  for (const name of names) {
    const each = node(name, [hashOf(base)]);
    nodes.set(hashOf(each), each);
  }
  const linked = linkNodes(nodes, { what: 'synthetic specs' });
  return Array.from(linked.values()).filter(({ name }) => name !== 'base');
}

function hashOf(json: JsonObject): string {
  return json.get('hash') as string;
}

function node(name: string, dependencies: readonly string[]): JsonObject {
  const parts: Record<string, unknown> = {
    name,
    version: '1.0',
    arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
    namespace: 'demo',
    parameters: {
      build_system: 'generic',
      cflags: [],
      cppflags: [],
      cxxflags: [],
      fflags: [],
      ldflags: [],
      ldlibs: [],
    },
    package_hash: `${'a'.repeat(52)}====`,
  };
  if (dependencies.length > 0) {
    parts['dependencies'] = dependencies.map((hash) => ({
      name: 'base',
      hash,
      parameters: { deptypes: ['link'], virtuals: [] },
    }));
  }
  const json = toJson({ ...parts, annotations: { original_specfile_version: 5 } }) as Map<string, JsonValue>;
  return json.set('hash', dagHash(json));
}
