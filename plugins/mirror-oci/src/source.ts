import { type CallOptions, type MirrorConnection } from '@berth/buildcache';
import { type LocalBlobs } from './local-blobs.ts';
import { type Registry } from './registry.ts';

/** A repository with a base image in it. */
export interface BaseRepository {
  readonly registry: Registry;
  /** Tag or digest of the base image. */
  readonly reference: string;
  /** Its name, where the target repository can take blobs from it without moving them. */
  readonly mountFrom: string | undefined;
}

/** Opens the repository of a base image; the mirror disposes of it. Rejects with `config` when the reference is malformed. */
export type OpenBase = (reference: string, options: CallOptions) => Promise<BaseRepository>;

/** Everything that a mirror of images works with. */
export interface OciSource {
  readonly connection: MirrorConnection;
  readonly registry: Registry;
  readonly blobs: LocalBlobs;
  readonly openBase: OpenBase;
  /** `SOURCE_DATE_EPOCH`: the time that images carry instead of that of the installation. */
  readonly sourceDate: Date | undefined;
  /** Closes what all repositories share. */
  readonly close?: () => Promise<void>;
}

/** How many requests one operation has under way. */
export const CONCURRENCY = 16;
