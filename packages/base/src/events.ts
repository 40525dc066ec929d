/** What a running task is about; a renderer groups and words by it. */
export type TaskKind = 'probe' | 'index' | 'install' | 'download' | 'pack' | 'upload' | 'uninstall' | 'update-index';

/** The only way anything leaves the packages and the core towards a user interface. Observers neither throw nor block. */
export type BerthEvent =
  | {
      readonly type: 'task-start';
      /** Unique among running tasks. */
      readonly id: string;
      readonly kind: TaskKind;
      /** What a person reads: `greet@1.0/7y7a35n`. */
      readonly label: string;
      readonly totalBytes?: number | undefined;
    }
  | {
      readonly type: 'task-progress';
      readonly id: string;
      /** Since the previous event of this task. */ readonly bytes: number;
    }
  | {
      readonly type: 'task-end';
      readonly id: string;
      readonly kind: TaskKind;
      readonly label: string;
      readonly outcome: 'done' | 'skipped' | 'failed';
      /** Why it was skipped or how it failed; where it went. */
      readonly message?: string | undefined;
    }
  /** How much there is to do in all; sent again when it changes. */
  | { readonly type: 'plan'; readonly kind: TaskKind; readonly packages: number; readonly bytes?: number | undefined }
  /** Something the user can act on. */
  | { readonly type: 'warning'; readonly code: string; readonly message: string; readonly hint?: string | undefined }
  /** A choice berth made, with its reason: which mirror served a package, why another did not. */
  | { readonly type: 'decision'; readonly subject: string; readonly decision: string; readonly reason: string }
  /** Detail for `--debug`. */
  | { readonly type: 'debug'; readonly message: string };

/** Passed in to whatever has something to say. */
export type Emit = (event: BerthEvent) => void;
