import { createHash } from 'node:crypto';
import { formatJson, toJson } from '@berth/base';
import { base32 } from '@berth/spec';

/** What decides about the content of a view, in the order in which it is hashed. */
export interface ViewDescriptor {
  /** As configured. */
  readonly root: string;
  readonly projections?: Readonly<Record<string, string>> | undefined;
  readonly select?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly linkType: string;
  readonly link?: string | undefined;
}

/** The name of a view's directory (store-and-specs-on-disk E.3); `specs` are hashes with their prefixes, in order. */
export function viewDirectoryHash(
  descriptor: ViewDescriptor,
  specs: readonly (readonly [hash: string, prefix: string])[],
): string {
  const { root, projections, select, exclude, linkType, link } = descriptor;
  const document = {
    descriptor: {
      root,
      projections: isEmpty(projections) ? undefined : projections,
      select: isEmpty(select) ? undefined : select,
      exclude: isEmpty(exclude) ? undefined : exclude,
      link_type: linkType,
      link: link === 'all' ? undefined : link,
    },
    specs,
  };
  return base32(
    createHash('sha1')
      .update(formatJson(toJson(document)))
      .digest(),
  );
}

function isEmpty(value: object | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}
