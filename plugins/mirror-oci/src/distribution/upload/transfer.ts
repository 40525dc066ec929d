import { type ByteSource, type Sha256 } from '@berth/base';
import { type CallOptions } from '@berth/buildcache';
import { type HttpResponse } from '@berth/http';
import { formatOciDigest } from '../../reference.ts';
import { accessTo } from '../access.ts';
import { hasBlob } from '../blobs.ts';
import { type Repository, type RepositoryRequest, send } from '../repository.ts';
import { acceptedBytes } from './accepted.ts';
import { uploadLocation, withDigest } from './location.ts';
import { Patience } from './patience.ts';
import { startSession, type UploadSession } from './session.ts';
import { muddle, setbackOf } from './setback.ts';
import { slice } from './slice.ts';

export interface UploadedBlob {
  readonly digest: Sha256;
  readonly source: ByteSource;
}

/** 202 and 201 by the specification; the others by habit, and then what is there is looked at (hostile-inputs R16). */
const TAKEN: readonly number[] = [200, 201, 202, 204];
const SHRINK = 4;
const GROW = 2;

/**
 * Brings one blob into a repository: in one request when it is small, else in pieces, so that a broken connection costs at most one of
 * them; goes on at the byte that the registry names. Rejects with `protocol`, ERR_OCI_UPLOAD or ERR_OCI_LOCATION, or as `send` does.
 */
export async function transferBlob(
  repository: Repository,
  blob: UploadedBlob,
  { session, signal }: CallOptions & { readonly session: UploadSession },
): Promise<void> {
  await new Transfer(repository, blob, { session, signal }).run();
}

class Transfer {
  readonly #repository: Repository;
  readonly #blob: UploadedBlob;
  readonly #signal: AbortSignal;
  readonly #patience: Patience;
  #location: URL;
  #smallestChunkBytes: number;
  #chunkBytes: number;
  /** Everything in one request. */
  #whole: boolean;
  #takesPieces = true;
  /** What the registry has of this session. */
  #acceptedBytes = 0;
  /** The furthest byte that was offered to it. */
  #offeredBytes = 0;
  /** The session has seen a broken connection, which it may not have survived. */
  #disturbed = false;

  constructor(
    repository: Repository,
    blob: UploadedBlob,
    { session, signal }: CallOptions & { readonly session: UploadSession },
  ) {
    const { limits, pace } = repository;
    this.#repository = repository;
    this.#blob = blob;
    this.#signal = signal;
    this.#patience = new Patience(repository, signal);
    this.#location = session.location;
    this.#smallestChunkBytes = session.smallestChunkBytes ?? limits.smallestChunkBytes;
    this.#chunkBytes = Math.max(pace.chunkBytes, session.smallestChunkBytes ?? 0);
    this.#whole = this.#sizeBytes <= Math.min(limits.wholeBytes, this.#chunkBytes);
  }

  get #sizeBytes(): number {
    return this.#blob.source.sizeBytes;
  }

  async run(): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted();
      try {
        if (await this.#step()) return;
      } catch (error) {
        if (await this.#recover(error)) return;
      }
    }
  }

  /** One request; true when the blob is complete. */
  async #step(): Promise<boolean> {
    if (!this.#whole && this.#acceptedBytes < this.#sizeBytes) {
      await this.#sendChunk();
      return false;
    }
    await this.#complete();
    return true;
  }

  async #sendChunk(): Promise<void> {
    const start = this.#acceptedBytes;
    const end = Math.min(start + this.#chunkBytes, this.#sizeBytes);
    this.#offeredBytes = Math.max(this.#offeredBytes, end);
    const response = await this.#send('PATCH', {
      url: this.#location,
      headers: { 'content-type': 'application/octet-stream', 'content-range': `${start}-${end - 1}` },
      body: slice(this.#blob.source, start, end),
    });
    this.#follow(response);
    const range = response.headers.get('range');
    const accepted = range === undefined ? end : this.#plausible(acceptedBytes(range));
    if (accepted === undefined)
      throw muddle(this.#repository.endpoint.label, 'the registry names an impossible position');
    if (accepted > start) this.#setPace(this.#chunkBytes * GROW);
    else await this.#patience.failed(muddle(this.#repository.endpoint.label, 'the registry takes no byte of a piece'));
    this.#advance(accepted);
  }

  /** Only a position between what the registry had and what it was offered is one (hostile-inputs R15). */
  #plausible(accepted: number | undefined): number | undefined {
    if (accepted === undefined) return undefined;
    return accepted >= this.#acceptedBytes && accepted <= this.#offeredBytes ? accepted : undefined;
  }

  #advance(accepted: number): void {
    if (accepted > this.#acceptedBytes) this.#patience.progressed(accepted);
    this.#acceptedBytes = accepted;
  }

  async #complete(): Promise<void> {
    const { digest, source } = this.#blob;
    if (this.#whole) this.#offeredBytes = this.#sizeBytes;
    const response = await this.#send('PUT', {
      url: withDigest(this.#location, digest),
      headers: { 'content-type': 'application/octet-stream' },
      body: this.#whole ? source : undefined,
    });
    if (response.status === 201 && response.headers.get('docker-content-digest') === formatOciDigest(digest)) return;
    if (!(await this.#isThere()))
      throw muddle(this.#repository.endpoint.label, 'the registry does not have the blob after all');
  }

  async #isThere(): Promise<boolean> {
    const { digest, source } = this.#blob;
    return hasBlob(this.#repository, { digest, sizeBytes: source.sizeBytes }, { signal: this.#signal });
  }

  /** True when the failed request had completed the blob all the same. */
  async #recover(error: unknown): Promise<boolean> {
    this.#signal.throwIfAborted();
    switch (setbackOf(error, { inPieces: !this.#whole })) {
      case 'again':
        return this.#goOn(error);
      case 'behind':
        await this.#patience.failed(error);
        await this.#resume(error);
        return false;
      case 'lost':
        await this.#restart(error);
        return false;
      case 'refused':
      case 'muddled':
        await this.#restartWhole(error);
        return false;
      case 'final':
        throw error;
    }
  }

  async #goOn(error: unknown): Promise<boolean> {
    const completing = this.#whole || this.#acceptedBytes === this.#sizeBytes;
    this.#disturbed = true;
    this.#setPace(Math.min(this.#chunkBytes, this.#sizeBytes) / SHRINK);
    await this.#patience.failed(error);
    if (completing && (await this.#isThere())) return true;
    if (this.#takesPieces) await this.#resume(error);
    else await this.#restart(error);
    return false;
  }

  /** Asks how far the registry got. */
  async #resume(error: unknown): Promise<void> {
    this.#whole = false;
    const response = await this.#send('GET', { url: this.#location, expect: [...TAKEN, 400, 404, 405, 410, 416] });
    if (!TAKEN.includes(response.status)) {
      await this.#restart(error);
      return;
    }
    this.#follow(response);
    const accepted = this.#plausible(acceptedBytes(response.headers.get('range')));
    if (accepted === undefined) await this.#restartWhole(error);
    else this.#advance(accepted);
  }

  /** Without relying on positions. */
  async #restartWhole(error: unknown): Promise<void> {
    this.#takesPieces = false;
    this.#disturbed = false;
    await this.#restart(error);
  }

  async #restart(error: unknown): Promise<void> {
    if (this.#disturbed) this.#patience.lostWithConnection(error);
    else this.#patience.muddled(error);
    const session = await startSession(this.#repository, { signal: this.#signal });
    this.#location = session.location;
    this.#acceptedBytes = 0;
    this.#offeredBytes = 0;
    this.#disturbed = false;
    this.#whole = !this.#takesPieces || this.#sizeBytes <= this.#chunkBytes;
  }

  #follow(response: HttpResponse): void {
    if (response.headers.get('location') !== undefined) this.#location = uploadLocation(this.#repository, response);
  }

  #setPace(chunkBytes: number): void {
    const { limits, pace } = this.#repository;
    const bounded = Math.min(
      Math.max(chunkBytes, this.#smallestChunkBytes),
      Math.max(limits.chunkBytes, this.#smallestChunkBytes),
    );
    this.#chunkBytes = Math.ceil(bounded);
    pace.chunkBytes = this.#chunkBytes;
  }

  async #send(
    method: 'PATCH' | 'PUT' | 'GET',
    request: Pick<RepositoryRequest, 'url' | 'headers' | 'body' | 'expect'>,
  ): Promise<HttpResponse> {
    const response = await send(this.#repository, {
      expect: TAKEN,
      // What arrived of a piece is asked before it is sent again.
      retry: method === 'GET' ? 'repeatable' : 'never',
      ...request,
      method,
      access: accessTo(this.#repository.endpoint, 'push'),
      signal: this.#signal,
    });
    response.dispose();
    return response;
  }
}
