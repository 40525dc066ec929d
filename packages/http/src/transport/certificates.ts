import { BerthError, type Emit, errnoCode, messageOf } from '@berth/base';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';

export interface TrustOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A PEM file or a directory of them: `config:ssl_certs`. */
  readonly certificateAuthorities: string | undefined;
  readonly emit: Emit;
  /** Where the system keeps its authorities; the first that exists counts. */
  readonly systemBundles?: readonly string[] | undefined;
}

const SYSTEM_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * What certificates are checked against: Node's authorities, the system's, and those of NODE_EXTRA_CA_CERTS, SSL_CERT_FILE,
 * SSL_CERT_DIR and `certificateAuthorities`, all together. A place that cannot be read is a warning: fewer authorities are
 * never less safe.
 */
export async function loadTrust(options: TrustOptions): Promise<SecureContext> {
  const { env, certificateAuthorities } = options;
  const system = await firstReadable(options.systemBundles ?? SYSTEM_BUNDLES);
  const named = [env['NODE_EXTRA_CA_CERTS'], env['SSL_CERT_FILE'], env['SSL_CERT_DIR'], certificateAuthorities];
  const authorities = new Set<string>([...rootCertificates, ...pemBlocks(system)]);
  for (const place of new Set(named)) {
    if (place === undefined || place === '') continue;
    for (const pem of await readAuthorities(place, options.emit)) authorities.add(pem);
  }
  return createSecureContext({ ca: [...authorities] });
}

async function firstReadable(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    try {
      return await readFile(path, 'latin1');
    } catch (error) {
      if (errnoCode(error) === undefined) throw error;
    }
  }
  return '';
}

async function readAuthorities(place: string, emit: Emit): Promise<readonly string[]> {
  try {
    const found = pemBlocks(await readPlace(place));
    const good = found.filter(isCertificate);
    if (good.length === 0 || good.length < found.length) warn(place, 'holds no certificate or a damaged one', emit);
    return good;
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    warn(place, messageOf(error), emit);
    return [];
  }
}

async function readPlace(place: string): Promise<string> {
  if (!(await stat(place)).isDirectory()) return readFile(place, 'latin1');
  const texts: string[] = [];
  for (const entry of await readdir(place, { withFileTypes: true })) {
    if (entry.isFile() || entry.isSymbolicLink()) texts.push(await readEntry(join(place, entry.name)));
  }
  return texts.join('\n');
}

async function readEntry(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    // Directories of authorities are full of links, and some lead nowhere.
    if (errnoCode(error) === 'ENOENT' || errnoCode(error) === 'EISDIR') return '';
    throw error;
  }
}

function pemBlocks(text: string): readonly string[] {
  return text.match(PEM) ?? [];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).serialNumber !== '';
  } catch {
    return false;
  }
}

function warn(place: string, why: string, emit: Emit): void {
  const { code, message, hint } = new BerthError(
    'config',
    'ERR_HTTP_AUTHORITIES',
    `certificate authorities ${place}: ${why}`,
    {
      hint: 'Name a file of PEM certificates, or a directory of such files, in config:ssl_certs.',
    },
  );
  emit({ type: 'warning', code, message, hint });
}
