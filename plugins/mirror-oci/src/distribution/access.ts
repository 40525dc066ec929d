import { checkName, type Endpoint } from './endpoint.ts';

/** What a request wants to do, in the words of token servers (distribution, "Token scope"). */
export interface Access {
  /** `repository:NAME:ACTIONS`, one each. */
  readonly scopes: readonly string[];
}

export type AccessKind = 'pull' | 'push' | 'delete';

const ACTIONS: Readonly<Record<AccessKind, string>> = { pull: 'pull', push: 'pull,push', delete: 'delete,pull' };

export function accessTo({ name }: Endpoint, kind: AccessKind): Access {
  return { scopes: [`repository:${name}:${ACTIONS[kind]}`] };
}

/** To take a blob over from another repository of the same registry. */
export function accessToMount(endpoint: Endpoint, from: string): Access {
  return { scopes: [...accessTo(endpoint, 'push').scopes, `repository:${checkName(from)}:pull`] };
}
