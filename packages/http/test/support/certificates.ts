import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface KeyPair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export interface Certificates {
  readonly folder: string;
  /** The PEM file of the authority. */
  readonly authority: string;
  /** Issues one for `names` (`IP:127.0.0.1,DNS:localhost`), valid between two times written `YYMMDDHHMMSSZ`. */
  issue(name: string, options?: { readonly names?: string; readonly from?: string; readonly to?: string }): KeyPair;
  remove(): void;
}

/** An authority of our own, made by the `openssl` program in a temporary folder. */
export function createCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'berth-tls-'));
  const openssl = (...words: string[]): void => {
    execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  mkdirSync(join(folder, 'issued'));
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(join(folder, 'serial'), '01\n');
  writeFileSync(join(folder, 'ca.cnf'), CONFIGURATION);
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=berth test authority',
    '-days',
    '30',
  );
  return {
    folder,
    authority: join(folder, 'ca.pem'),
    issue: (name, { names = 'IP:127.0.0.1,DNS:localhost', from = '250101000000Z', to = '491231235959Z' } = {}) => {
      openssl('req', ...newKey, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${names}\n`);
      const issue = ['ca', '-batch', '-notext', '-config', 'ca.cnf', '-extfile', `${name}.ext`];
      openssl(...issue, '-startdate', from, '-enddate', to, '-in', `${name}.csr`, '-out', `${name}.pem`);
      return { key: readFileSync(join(folder, `${name}.key`)), cert: readFileSync(join(folder, `${name}.pem`)) };
    },
    remove: () => {
      rmSync(folder, { recursive: true });
    },
  };
}

const CONFIGURATION = `[ca]
default_ca = own
[own]
dir = .
database = index.txt
new_certs_dir = issued
serial = serial
certificate = ca.pem
private_key = ca.key
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
`;
