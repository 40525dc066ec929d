import { configError } from './errors.ts';
import { type ConfigNode, nodeAt } from './yaml/node.ts';

/** Who may read or write what is installed. */
export type PermissionScope = 'user' | 'group' | 'world';

/** `packages:*:permissions` of one package (configuration §12). */
export interface PackagePermissions {
  readonly read: PermissionScope;
  readonly write: PermissionScope;
  readonly group: string | undefined;
}

const BREADTH: Readonly<Record<PermissionScope, number>> = { user: 0, group: 1, world: 2 };

/**
 * Permissions of the package `name`: each field from its own entry, else from `all`, else the default. Writing allowed to
 * more than may read is a `config` error (store-and-specs-on-disk C.3).
 */
export function permissionsOf(packages: ConfigNode | undefined, name: string): PackagePermissions {
  const field = (key: string): { readonly text: string; readonly node: ConfigNode } | undefined => {
    for (const owner of [name, 'all']) {
      const node = nodeAt(packages, [owner, 'permissions', key]);
      if (node?.kind === 'scalar' && node.type === 'string') return { text: node.text, node };
    }
    return undefined;
  };
  const read = (field('read')?.text ?? 'world') as PermissionScope;
  const said = field('write');
  const write = (said?.text ?? 'user') as PermissionScope;
  if (BREADTH[write] > BREADTH[read]) {
    throw configError(
      said?.node.at ?? { file: 'packages' },
      `packages:${name}: more may write (${write}) than may read (${read})`,
    );
  }
  return { read, write, group: field('group')?.text };
}
