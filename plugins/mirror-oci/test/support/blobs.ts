import { bytesSource, type ByteSource, type Sha256, sha256Of } from '@berth/base';
import { createCipheriv } from 'node:crypto';

export interface TestBlob {
  readonly bytes: Buffer;
  readonly digest: Sha256;
  readonly sizeBytes: number;
  readonly source: ByteSource;
}

/** Bytes that look random and are the same in each run. */
export function testBlob(sizeBytes: number, seed = sizeBytes): TestBlob {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  return blobOf(createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes)));
}

export function blobOf(bytes: Buffer): TestBlob {
  return { bytes, digest: sha256Of(bytes), sizeBytes: bytes.length, source: bytesSource(bytes) };
}

/** A manifest of these blobs, the first one its configuration. */
export function manifestOf(
  config: TestBlob,
  ...layers: readonly TestBlob[]
): { bytes: Buffer; mediaType: string; digest: Sha256 } {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const descriptor = (type: string, { digest, sizeBytes }: TestBlob): object => ({
    mediaType: type,
    digest: `sha256:${digest}`,
    size: sizeBytes,
  });
  const document = {
    mediaType,
    schemaVersion: 2,
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar+gzip', layer)),
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, mediaType, digest: sha256Of(bytes) };
}
