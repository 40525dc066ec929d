import { type Readable } from 'node:stream';
import { type ByteSource, type Emit, type Sha256 } from '@berth/base';
import { type HttpClient } from '@berth/http';
import { type ConcreteSpec } from '@berth/spec';
import { type PackageQuery, type SpecIdentity } from './names.ts';
import { type PackageIndex } from './package-index.ts';

/** Every call that may wait takes a signal; an aborted call rejects with an AbortError. */
export interface CallOptions {
  readonly signal: AbortSignal;
}

/** Bytes from `start` up to but not including `end` (default: the end of the object). */
export interface ByteRange {
  readonly start: number;
  readonly end?: number | undefined;
}

export interface StoredObjectInfo {
  /** Of the whole object; `undefined` when the store does not tell. */
  readonly sizeBytes: number | undefined;
  /** Opaque; equal tags mean equal bytes. `undefined` when the store has none. */
  readonly etag: string | undefined;
  readonly modifiedAt?: Date | undefined;
}

export interface StoredObject extends StoredObjectInfo {
  /** The bytes asked for. Must be read to its end or destroyed. Empty when `notModified`. */
  readonly body: Readable;
  /** True only when `ifNoneMatch` was given and still matches. */
  readonly notModified: boolean;
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange | undefined;
  /** An ETag that the caller has the bytes of. A store without ETags ignores it. */
  readonly ifNoneMatch?: string | undefined;
}

export interface PutOptions extends CallOptions {
  /** Write only if the object still has this ETag. */
  readonly ifMatch?: string | undefined;
  /** `*`: write only if there is no such object. */
  readonly ifNoneMatch?: '*' | undefined;
}

/**
 * Door 1 for a mirror's author: name bytes by key. Keys are relative paths with `/`, without empty, `.` or `..` parts.
 * Optional members are capabilities: test for them, never try and catch. `objectStoreMirror` makes a `Mirror` of it.
 */
export interface ObjectStore {
  /** `undefined` when absent; rejects only when the answer is unknown. Bytes are unverified: the caller checks them. */
  get(key: string, options: GetOptions): Promise<StoredObject | undefined>;
  /** What `get` would answer, without the bytes. */
  head(key: string, options: CallOptions): Promise<StoredObjectInfo | undefined>;
  /**
   * All or nothing: a reader never sees half an object. Rejects with kind `busy`, ERR_PRECONDITION, when `ifMatch` is stale or
   * `ifNoneMatch` finds an object; both are given only when `conditionalWrites`. The body can be opened again for a retry.
   */
  put?(key: string, body: ByteSource, options: PutOptions): Promise<void>;
  /** Every key that starts with `prefix` (a folder, ending in `/`), in any order, streamed; rejects rather than end early. */
  list?(prefix: string, options: CallOptions): AsyncIterable<string>;
  /** Deleting what is not there succeeds. */
  delete?(key: string, options: CallOptions): Promise<void>;
  copy?(from: string, to: string, options: CallOptions): Promise<void>;
  /** `put` honours `ifMatch` and `ifNoneMatch`, and `get` and `head` return ETags. */
  readonly conditionalWrites: boolean;
  /** `get` honours `range`. */
  readonly rangeReads: boolean;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Content anywhere: what it is, where it lies in its mirror, and what its bytes must be. */
export interface BlobDescriptor {
  readonly mediaType: string;
  readonly digest: Sha256;
  /** Of the stored bytes; layout v2 does not record it. */
  readonly sizeBytes: number | undefined;
  /** Names the blob to the mirror it came from: an object key, or whatever the mirror's own format uses. */
  readonly key: string;
}

/** A blob that travels with a package: a signature bundle, an SBOM, provenance. */
export interface AttachmentDescriptor extends BlobDescriptor {
  readonly annotations: Readonly<Record<string, string>>;
}

/** Spack's layouts by number; `own` for a store with its own format. */
export type EntryLayout = 3 | 2 | 1 | 'own';

/**
 * One package as a mirror has it. Nothing in it is verified: the pipeline checks the document's signature, reads the
 * descriptors anew from the signed text (`withSignedText`), and binds the spec to what was asked (`checkBinding`).
 */
export interface MirrorEntry {
  readonly asked: SpecIdentity;
  readonly layout: EntryLayout;
  /** The manifest (v3) or spec file (v2, v1) as stored: what a signature is about. */
  readonly document: Buffer;
  /** Media type of the document, where the mirror's format has one: that of an image manifest. */
  readonly documentType?: string | undefined;
  /** Names the document in messages and to `open`. */
  readonly documentKey: string;
  readonly signed: 'none' | 'clearsigned';
  /** Absent where the document itself is the spec (v2, v1). */
  readonly spec: BlobDescriptor | undefined;
  /** Absent in an entry that only publishes a spec. */
  readonly archive: BlobDescriptor | undefined;
  readonly attachments: readonly AttachmentDescriptor[];
}

/** One line of a listing: `name` is absent where file names alone do not tell it (v2). */
export interface ListedPackage {
  readonly hash: string;
  readonly name: string | undefined;
  readonly layout: EntryLayout;
}

/** What to do to an index: add what was pushed, or rebuild it from a listing of the mirror. */
export interface IndexUpdate {
  /** Specs whose binaries are now on the mirror; their dependencies are recorded as not available. */
  readonly add?: readonly ConcreteSpec[] | undefined;
  /** Read every package of the mirror again; what is listed in the index and not on the mirror disappears. */
  readonly rebuild?: boolean | undefined;
}

export interface IndexSummary {
  /** Packages with a binary in the index as it is now. */
  readonly packages: number;
  /** False when the index already said so. */
  readonly changed: boolean;
}

/**
 * Door 2: a place that holds a build cache, whatever its format. Everything above sees only this. Optional members are
 * capabilities.
 */
export interface Mirror {
  /** The configured name, for messages. */
  readonly name: string;
  /**
   * `undefined` when the mirror has no such package. Rejects with an availability kind when it cannot tell, with `format` when
   * what it has is malformed: then no older layout is tried (hostile-inputs O1).
   */
  find(asked: PackageQuery, options: CallOptions): Promise<MirrorEntry | undefined>;
  /** True only when the document is there, reads, and each blob it names is there with its declared size (F03). */
  exists(asked: PackageQuery, options: CallOptions): Promise<boolean>;
  /** Unverified bytes. Rejects with `notfound` (ERR_BLOB_MISSING) when the mirror lacks what its document names. */
  open(blob: BlobDescriptor, options: CallOptions & { readonly range?: ByteRange | undefined }): Promise<Readable>;
  /** Every package, each hash once; from a listing, or from the index where the store cannot list. */
  list(options: CallOptions): AsyncIterable<ListedPackage>;
  /**
   * The specs of the packages with these hashes, read from the packages themselves, in any order. One that cannot be read or is not the
   * package that its place says is left out with a warning; a mirror that stops answering rejects.
   */
  specs?(hashes: ReadonlySet<string>, options: CallOptions): AsyncIterable<ConcreteSpec>;
  /** The index as of now, revalidated; `undefined` when the mirror has none. Rejects with `index` when it is unusable. */
  index(options: CallOptions): Promise<PackageIndex | undefined>;
  /**
   * Uploads blobs, then the document. `exists` when it was there already and `force` is not set. Killed anywhere, it leaves a
   * mirror that reads right. Never deletes a blob: another document may share it.
   */
  publish?(
    publication: Publication,
    options: CallOptions & { readonly force?: boolean | undefined },
  ): Promise<PublishOutcome>;
  /**
   * Takes a package over from another mirror as it is stored there: every blob verified on its way, the document last and byte for byte,
   * so that its signatures stay good. The caller has bound the entry to its spec, and asked whether the package is here. False, with
   * nothing written, when documents of that kind have no place here: the package has to be published then. Rejects with `size`, `digest`
   * or `notfound` when the other mirror has not what its document names.
   */
  copyFrom?(
    other: BlobPlace,
    entry: MirrorEntry,
    options: CallOptions & { readonly force?: boolean | undefined },
  ): Promise<boolean>;
  /**
   * Uploads the archive of a package ahead of `publish`. Where a mirror has it, a push calls it for every package before it publishes
   * the first one: the documents of such a mirror name the archives of dependencies too.
   */
  putArchive?(spec: ConcreteSpec, archive: PackedArchive, options: CallOptions): Promise<void>;
  /**
   * Publishes one container image of several packages under a tag; packages whose archives the mirror lacks are left out with a
   * warning. An image of another architecture that is there under the tag stays beside it (buildcache-formats §8.7, 7).
   */
  publishImage?(image: ImagePublication, options: CallOptions): Promise<PublishedImage>;
  /**
   * Removes packages that are not kept or not whole, and blobs that nothing names, then brings the indexes up to date. Nothing is removed
   * before everything was listed and read without an error (hostile-inputs X14), and each thing is looked at once more before it goes
   * (X13). Rejects with `format` when a document cannot be read: what it names is not known; with `usage`, ERR_PRUNE_AGE, when the mirror
   * cannot tell how old things are and `graceMs` is not 0.
   */
  prune?(options: PruneOptions): Promise<PruneSummary>;
  /** Merges into the index, or rebuilds it; loses nothing that another writer added meanwhile (X06). */
  updateIndex?(update: IndexUpdate, options: CallOptions): Promise<IndexSummary>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PruneOptions extends CallOptions {
  /** DAG hashes of the packages that stay; absent: all that are whole. */
  readonly keep?: ReadonlySet<string> | undefined;
  /** Nothing goes that was written less than this many milliseconds ago; 0: no age is asked for. */
  readonly graceMs: number;
  /** Only say what would go. */
  readonly dryRun: boolean;
}

export type PruneReason =
  /** A package that is not to be kept. */
  | 'not-kept'
  /** A package whose document names blobs that are not there. */
  | 'incomplete'
  /** Something that nothing names. */
  | 'unreferenced';

/** A document or blob that was or would be removed. */
export interface PrunedObject {
  /** An object key or a tag. */
  readonly key: string;
  readonly reason: PruneReason;
  /** DAG hash, of a package. */
  readonly hash?: string | undefined;
  readonly sizeBytes?: number | undefined;
}

export interface PruneSummary {
  readonly removed: readonly PrunedObject[];
  /** How many things would have gone, had they not been too young, or changed meanwhile. */
  readonly spared: number;
  /** Absent when no index had to change. */
  readonly index?: IndexSummary | undefined;
}

/** Where blobs come from: a mirror, for most. */
export type BlobPlace = Pick<Mirror, 'name' | 'open'>;

export type PublishOutcome = 'published' | 'exists';

/** A packed prefix. */
export interface PackedArchive {
  /** The compressed bytes. */
  readonly source: ByteSource;
  /** Of the compressed bytes. */
  readonly digest: Sha256;
  /** Of the uncompressed tar. */
  readonly diffId: Sha256;
}

/** Turns a document into its signed form. Rejects with `signature` when it cannot. */
export type Seal = (document: Uint8Array, options: CallOptions) => Promise<Uint8Array>;

/** One variable of a run environment. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  /** Of a list that is put in front of what the variable holds already; absent: the value replaces it. `PATH` is always a list. */
  readonly separator?: string | undefined;
}

/** What container images are made on, where a mirror's packages are images. */
export interface ImageOptions {
  /** An image reference: `ubuntu:24.04`, `ghcr.io/org/base:1`, `oci+http://localhost:5000/base`, `oci-layout:///path:tag`. */
  readonly baseImage?: string | undefined;
}

/** Everything a mirror needs to publish an image of several packages. */
export interface ImagePublication extends ImageOptions {
  readonly tag: string;
  readonly roots: readonly ConcreteSpec[];
  /** What `spack load` of all roots together would set. */
  readonly runEnvironment: readonly EnvironmentVariable[];
}

export interface PublishedImage {
  /** Names the image to other programs: `ghcr.io/org/cache:app`. */
  readonly reference: string;
  /** Of the manifest or index that the tag names now. */
  readonly digest: Sha256;
  /** DAG hashes of packages that the image should hold and does not. */
  readonly missing: readonly string[];
}

/** Everything a mirror needs to publish one package. */
export interface Publication {
  readonly spec: ConcreteSpec;
  /** The link and run closure without externals, dependencies first, the spec itself last. */
  readonly closure: readonly ConcreteSpec[];
  /** Where it is installed; absent of a package that comes from another mirror. */
  readonly prefix?: string | undefined;
  readonly archive: PackedArchive;
  readonly installedAt: Date | undefined;
  /** What `spack load` of this package would set; images carry it. */
  readonly runEnvironment: readonly EnvironmentVariable[];
  /** For mirrors that have `publishImage`; others ignore it. */
  readonly image?: ImageOptions | undefined;
  /** Absent: published unsigned. */
  readonly seal: Seal | undefined;
  readonly attachments: readonly { readonly mediaType: string; readonly source: ByteSource; readonly digest: Sha256 }[];
}

/** Credentials as `mirrors.yaml` names them, variables already read (buildcache-formats §8.12, §15). Never logged. */
export interface MirrorCredentials {
  readonly id?: string | undefined;
  readonly secret?: string | undefined;
  readonly token?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpointUrl?: string | undefined;
}

/** What a mirror is opened with: one configured mirror in one direction. */
export interface MirrorConnection {
  readonly name: string;
  readonly direction: 'fetch' | 'push';
  /** As configured for this direction. May hold user information: print it only through `redactUrl`. */
  readonly url: string;
  /** The index view to read and write; with one, only layout v3 is looked at (§10). */
  readonly view?: string | undefined;
  /** What berth's own configuration says under `mirrors.<name>`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of this mirror and direction only (hostile-inputs P11). */
  credentials(options: CallOptions): Promise<MirrorCredentials | undefined>;
  /**
   * The HTTP client that all mirrors of a command share, set up as the configuration says (`config:ssl_certs`, proxies …); made when it is
   * first asked for, and closed by whoever made the connection. Absent: a mirror that needs one makes its own.
   */
  readonly http?: (() => Promise<HttpClient>) | undefined;
  /** Where indexes are cached (`<misc_cache>`); `undefined`: nothing is kept between runs. */
  readonly cacheDir: string | undefined;
  readonly emit: Emit;
}
