import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TlsCertificates extends AsyncDisposable {
  readonly key: string;
  readonly cert: string;
  /** Certificate authority, which here is the certificate itself. */
  readonly caFile: string;
}

/** A certificate for 127.0.0.1 and localhost, made on the spot. */
export async function createTlsCertificates(): Promise<TlsCertificates> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-tls-'));
  const [keyFile, caFile] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  const extensions = ['subjectAltName=IP:127.0.0.1,DNS:localhost', 'basicConstraints=critical,CA:TRUE'];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '30', '-subj', '/CN=127.0.0.1'],
      ...['-keyout', keyFile, '-out', caFile, ...extensions.flatMap((each) => ['-addext', each])],
    ],
    { stdio: 'ignore' },
  );
  return {
    key: readFileSync(keyFile, 'utf8'),
    cert: readFileSync(caFile, 'utf8'),
    caFile,
    [Symbol.asyncDispose]: async () => rm(folder, { recursive: true }),
  };
}
