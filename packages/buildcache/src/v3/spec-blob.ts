import { BerthError, DEFAULT_LIMITS, formatJson, type JsonObject, jsonNumber, parseStrictJson } from '@berth/base';
import { type ConcreteSpec, formatSpecDocument, readSpecDocument } from '@berth/spec';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';

const GZIP_LEVEL = 6;
const GZIP_OS_OFFSET = 9;
const GZIP_OS_UNKNOWN = 255;

/** What a v3 spec blob states about itself; 2, although the layout is v3 (buildcache-formats §6.2). */
const STATED_LAYOUT = 2;

/** The stored bytes of a v3 spec blob: the compact spec document, gzip with Spack's header (§3.3, §6.2). */
export async function formatSpecBlob(spec: ConcreteSpec): Promise<Buffer> {
  const document = new Map(formatSpecDocument(spec)).set('buildcache_layout_version', jsonNumber(STATED_LAYOUT));
  const bytes = await promisify(gzip)(formatJson(document), { level: GZIP_LEVEL });
  bytes[GZIP_OS_OFFSET] = GZIP_OS_UNKNOWN;
  return bytes;
}

/**
 * The spec of a spec blob whose digest was checked. Rejects with `limit` above 128 MiB unpacked, with `format` when it is
 * neither gzip nor plain JSON, or not a spec document.
 */
export async function parseSpecBlob(stored: Buffer, what: string): Promise<ConcreteSpec> {
  const bytes = isGzip(stored) ? await unpack(stored, what) : stored;
  return readSpecDocument(parseStrictJson(bytes, { what }) as JsonObject, { what }).root;
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function unpack(stored: Buffer, what: string): Promise<Buffer> {
  try {
    return await promisify(gunzip)(stored, {
      maxOutputLength: DEFAULT_LIMITS.specBytes,
      finishFlush: constants.Z_FINISH,
    });
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') {
      throw new BerthError('limit', 'ERR_LIMIT', `${what}: larger than ${DEFAULT_LIMITS.specBytes} bytes unpacked`, {
        cause,
      });
    }
    throw new BerthError('format', 'ERR_GZIP', `${what}: not a complete gzip stream`, { cause });
  }
}
