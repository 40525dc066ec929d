import { join } from 'node:path';
import { type ConcreteSpec } from '@berth/spec';
import { paddedRoot } from './padding.ts';
import { projectedPath, type Projections, withHashLength } from './projections.ts';

export interface LayoutOptions {
  /** Absolute, without a slash at its end. */
  readonly root: string;
  readonly projections: Projections;
  /** Total length of the padded root; 0 or nothing for none. */
  readonly paddedLength?: number | undefined;
  readonly hashLength?: number | undefined;
}

/** Where things are in an install tree (store-and-specs-on-disk C.1, C.2). */
export interface Layout {
  /** Where packages and the database are: padded if padding was asked for. */
  readonly root: string;
  /** Where `sbang` is. */
  readonly unpaddedRoot: string;
  readonly projections: Projections;
  readonly databaseDirectory: string;
  /** Where the projections put a spec; an external is where it is. */
  readonly defaultPrefix: (spec: ConcreteSpec) => string;
}

const DATABASE_FOLDER = '.spack-db';

/** Throws ERR_PROJECTION (`config`). */
export function createLayout(options: LayoutOptions): Layout {
  const { paddedLength = 0, hashLength } = options;
  const root = paddedRoot(options.root, paddedLength);
  const projections = withHashLength(options.projections, hashLength);
  return {
    root,
    unpaddedRoot: options.root,
    projections,
    databaseDirectory: databaseDirectoryOf(root),
    defaultPrefix: (spec) => spec.external?.path ?? join(root, projectedPath(spec, projections)),
  };
}

export function databaseDirectoryOf(root: string): string {
  return join(root, DATABASE_FOLDER);
}

/** The script that runs scripts with long first lines. */
export function sbangPath(unpaddedRoot: string): string {
  return join(unpaddedRoot, 'bin', 'sbang');
}
