import { join } from 'node:path';
import { base32Sha1 } from './base32.ts';
import { configError } from './errors.ts';
import { type GitRepositorySection } from './sections/repos.ts';
import { type ConfigNode, nodeAt, type Position, toData } from './yaml/node.ts';

/** A package repository, in order of precedence (configuration §14). */
export type RepositoryConfig =
  | { readonly kind: 'folder'; readonly name: string; readonly directory: string; readonly at: Position }
  | {
      readonly kind: 'git';
      readonly name: string;
      readonly git: string;
      /** What to check out; `undefined` is the default branch of the remote. */
      readonly ref: { readonly kind: 'commit' | 'tag' | 'branch'; readonly value: string } | undefined;
      /** Where the clone is, or goes. */
      readonly directory: string;
      /** Folders in the clone; `undefined` leaves it to the index of the repository. */
      readonly paths: readonly string[] | undefined;
      readonly at: Position;
    };

export interface RepositoriesContext {
  readonly resolvePath: (text: string, at?: Position) => string;
  /** Where clones go that have no place of their own. */
  readonly repositoriesRoot: string;
}

/** The merged `repos` section; an entry that in the end has neither folder nor `git` is `config`. */
export function readRepositories(repos: ConfigNode | undefined, context: RepositoriesContext): RepositoryConfig[] {
  if (repos?.kind !== 'map') return [];
  return [...repos.entries.values()].map(({ key: name, keyAt: at, value }) => {
    if (value.kind === 'scalar') {
      return { kind: 'folder', name, directory: context.resolvePath(value.text, value.at), at } as const;
    }
    const section = toData(value) as GitRepositorySection;
    if (section.git === undefined) throw configError(at, `repos:${name}: it has no "git" address`);
    const { git, destination, paths } = section;
    const directory =
      destination === undefined
        ? join(context.repositoriesRoot, base32Sha1(git).slice(-7))
        : context.resolvePath(destination, nodeAt(value, ['destination'])?.at);
    return { kind: 'git', name, git, ref: refOf(section), directory, paths, at } as const;
  });
}

function refOf({ commit, tag, branch }: GitRepositorySection): Extract<RepositoryConfig, { kind: 'git' }>['ref'] {
  if (commit !== undefined) return { kind: 'commit', value: commit };
  if (tag !== undefined) return { kind: 'tag', value: tag };
  return branch === undefined ? undefined : { kind: 'branch', value: branch };
}
