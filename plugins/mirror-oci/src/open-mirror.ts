import { BerthError } from '@berth/base';
import { type MirrorConnection } from '@berth/buildcache';
import { LayoutRegistry } from './layout/layout-registry.ts';
import { folderOfLayoutUrl, isLayoutUrl, layoutReference } from './layout/layout-url.ts';
import { openLocalBlobs } from './local-blobs.ts';
import { OciMirror } from './mirror/oci-mirror.ts';
import { type OpenBase } from './source.ts';

/** Environment variables by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Opens a mirror of images. Rejects with `config` when its address is malformed; no request is made. */
export async function openOciMirror(connection: MirrorConnection, env: Variables): Promise<OciMirror> {
  const registry = new LayoutRegistry(folderOfLayoutUrl(connection.url));
  const blobs = openLocalBlobs(connection.cacheDir);
  return new OciMirror({ connection, registry, blobs, openBase, sourceDate: sourceDateOf(env) });
}

const openBase: OpenBase = async (reference) => {
  if (isLayoutUrl(reference)) {
    const { folder, tag } = layoutReference(reference);
    return { registry: new LayoutRegistry(folder), reference: tag, mountFrom: undefined };
  }
  throw new Error(`not yet: ${reference}`);
};

/** `SOURCE_DATE_EPOCH` in seconds. Throws `config`, ERR_SOURCE_DATE_EPOCH, when it is not a whole number. */
export function sourceDateOf({ SOURCE_DATE_EPOCH: text }: Variables): Date | undefined {
  if (text === undefined || text === '') return undefined;
  const date = new Date(/^\d{1,12}$/.test(text) ? Number(text) * 1000 : NaN);
  if (!Number.isNaN(date.getTime())) return date;
  throw new BerthError(
    'config',
    'ERR_SOURCE_DATE_EPOCH',
    `SOURCE_DATE_EPOCH: not a number of seconds: ${JSON.stringify(text.slice(0, 40))}`,
    {
      hint: 'Set it to seconds since 1970, or unset it.',
    },
  );
}
