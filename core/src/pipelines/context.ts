import { type Emit } from '@berth/base';
import { type Mirror } from '@berth/buildcache';
import { type Store } from '@berth/store';
import { type PluginHost } from '../plugins.ts';

/** What every pipeline is given: no pipeline looks anywhere else. */
export interface PipelineContext {
  readonly store: Store;
  readonly host: PluginHost;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** A mirror with what its configuration says about trust. */
export interface OpenMirror {
  readonly mirror: Mirror;
  readonly name: string;
  /** Its address in the direction it was opened for, without user information. */
  readonly url: string;
  /** The effective value: whether what comes from here must be signed, and what goes there is. */
  readonly signed: boolean;
}
