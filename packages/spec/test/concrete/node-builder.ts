import { toJson, type JsonObject } from '@berth/base';

/** A DAG hash made of a number, for documents whose hashes need not be right. */
export function hashOf(number: number): string {
  return number
    .toString(26)
    .replace(/[0-9a-p]/g, (digit) => String.fromCharCode(97 + parseInt(digit, 26)))
    .padStart(32, 'a');
}

export interface EdgeText {
  readonly name: string;
  readonly hash: string;
  readonly types?: readonly string[];
}

/** Plain data of a node of format 5; `changes` with `undefined` take a key away. */
export function plainNode(
  name: string,
  hash: string,
  dependencies: readonly EdgeText[] = [],
  changes: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    name,
    version: '1.0',
    arch: { platform: 'linux', platform_os: 'debian12', target: 'x86_64' },
    namespace: 'demo',
    parameters: { shared: true, cflags: [] },
    dependencies: dependencies.map(({ types = ['link'], ...edge }) => {
      return { ...edge, parameters: { deptypes: types, virtuals: [] } };
    }),
    annotations: { original_specfile_version: 5 },
    hash,
    ...changes,
  };
}

export function documentOf(nodes: readonly unknown[], version: unknown = 5): JsonObject {
  return toJson({ spec: { _meta: { version }, nodes } }) as JsonObject;
}
