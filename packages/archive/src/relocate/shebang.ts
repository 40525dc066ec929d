import { BerthError, forEachInTurns, ioError, temporaryBeside } from '@berth/base';
import { closeSync, fchmodSync, fstatSync, futimesSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { scanFile } from './file-window.ts';
import { type RelocationMember, type RelocationPlatform, type RelocationWarning } from './types.ts';
import { writeAt } from './write-at.ts';

/** Longest first line that the kernel runs, newline included. */
export const SHEBANG_LIMIT: Readonly<Record<RelocationPlatform, number>> = { linux: 127, darwin: 511 };
/** A first line that is longer than this is not a script's. */
const MAX_LINE_BYTES = 4096;
const NEWLINE = 0x0a;
const HASH_BANG = Buffer.from('#!');

/** Interpreters in whose language `#!` starts no comment: what stands in its place in the second line. */
const SECOND_LINE: readonly { readonly suffix: string; readonly change: (line: Buffer) => Buffer }[] = [
  { suffix: '/lua', change: (line) => marked('--!', line) },
  { suffix: '/luajit', change: (line) => marked('--!', line) },
  { suffix: '/node', change: (line) => marked('//!', line) },
  { suffix: '/php', change: (line) => Buffer.concat([Buffer.from('<?php '), line, Buffer.from(' ?>')]) },
];

export interface RewriteShebangsOptions {
  /** The `sbang` script of the install tree. */
  readonly sbangPath: string;
  /** Where the tree will lie. */
  readonly finalPrefix: string;
  readonly platform: RelocationPlatform;
  readonly entries: Iterable<RelocationMember>;
  readonly signal: AbortSignal;
}

export interface RewrittenShebangs {
  /** Paths of the scripts that now start with `sbang`, in the order of the entries. */
  readonly rewritten: readonly string[];
  readonly warnings: readonly RelocationWarning[];
}

/**
 * Puts the `sbang` line before the first line of each executable script whose own is longer than the kernel runs
 * (store-and-specs-on-disk E.7). A changed script is a new file of the same mode: hard links to it keep the old content.
 * Rejects with `config` ERR_SBANG_PATH when the path of `sbang` is itself too long.
 */
export async function rewriteShebangs(directory: string, options: RewriteShebangsOptions): Promise<RewrittenShebangs> {
  const line = sbangLine(options.sbangPath, options.platform);
  const scripts = [...options.entries].filter(
    ({ kind, mode, sizeBytes }) => kind === 'file' && (mode & 0o111) !== 0 && sizeBytes > 2,
  );
  const rewritten: string[] = [];
  const warnings: RelocationWarning[] = [];
  const start = Buffer.alloc(MAX_LINE_BYTES);
  await forEachInTurns(scripts, options, async ({ path }) => {
    const warn = (message: string): unknown => warnings.push({ file: path, message });
    try {
      if (await rewriteFile(join(directory, path), { line, start, options, warn })) rewritten.push(path);
    } catch (cause) {
      throw ioError(`rewrite the first line of ${path}`, cause);
    }
  });
  return { rewritten, warnings };
}

function sbangLine(sbangPath: string, platform: RelocationPlatform): Buffer {
  const line = Buffer.from(`#!/bin/sh ${sbangPath}\n`);
  if (line.length <= SHEBANG_LIMIT[platform]) return line;
  const why = `the first line of scripts may have ${SHEBANG_LIMIT[platform]} bytes, this path makes it ${line.length}`;
  throw new BerthError('config', 'ERR_SBANG_PATH', `install sbang: ${sbangPath}: ${why}`, {
    details: { sbangPath, limit: SHEBANG_LIMIT[platform] },
    hint: 'Choose a shorter install tree root (config:install_tree:root).',
  });
}

interface ScriptContext {
  readonly line: Buffer;
  /** Memory for the start of a file. */
  readonly start: Buffer;
  readonly options: RewriteShebangsOptions;
  readonly warn: (message: string) => unknown;
}

async function rewriteFile(path: string, context: ScriptContext): Promise<boolean> {
  const { start } = context;
  const descriptor = openSync(path, 'r');
  try {
    const first = firstLine(start.subarray(0, readSync(descriptor, start, 0, start.length, 0)));
    if (first === undefined) return false;
    const { finalPrefix, platform, signal } = context.options;
    if (/[ \t]/.test(finalPrefix) && first.includes(finalPrefix)) {
      context.warn('the path of its interpreter holds a blank, where the kernel and sbang end the path');
    }
    const head = sbangHead(first, context.line, SHEBANG_LIMIT[platform]);
    if (head === undefined) return false;
    await replaceHead({ path, descriptor, head, skip: first.length, signal });
    return true;
  } finally {
    closeSync(descriptor);
  }
}

/** With its newline; `undefined` when this is no script or the line does not end within 4096 bytes. */
function firstLine(start: Buffer): Buffer | undefined {
  if (!start.subarray(0, 2).equals(HASH_BANG)) return undefined;
  const newline = start.indexOf(NEWLINE);
  if (newline === -1) return start.length < MAX_LINE_BYTES ? start : undefined;
  return start.subarray(0, newline + 1);
}

/** What replaces the first line of a script, or `undefined` when it can stay. */
export function sbangHead(first: Buffer, line: Buffer, limit: number): Buffer | undefined {
  if (first.length <= limit || first.equals(line)) return undefined;
  const interpreter = interpreterOf(first);
  if (interpreter === '') return undefined;
  const special = SECOND_LINE.find(({ suffix }) => interpreter.endsWith(suffix));
  return Buffer.concat([line, special === undefined ? first : special.change(first)]);
}

function interpreterOf(first: Buffer): string {
  // eslint-disable-next-line no-control-regex -- a NUL ends the path, too
  return /^#![ \t]*([^ \t\n\u0000]*)/.exec(first.toString('latin1'))?.[1] ?? '';
}

function marked(mark: string, line: Buffer): Buffer {
  return Buffer.concat([Buffer.from(mark), line.subarray(HASH_BANG.length)]);
}

interface HeadReplacement {
  readonly path: string;
  readonly descriptor: number;
  readonly head: Buffer;
  /** Bytes of the old file that `head` stands for. */
  readonly skip: number;
  readonly signal: AbortSignal;
}

async function replaceHead({ path, descriptor, head, skip, signal }: HeadReplacement): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    const output = openSync(temporary, 'wx', 0o600);
    try {
      const before = fstatSync(descriptor);
      writeAt(output, head, 0);
      await scanFile(descriptor, { sizeBytes: before.size, signal }, ({ bytes, base }) => {
        const rest = bytes.subarray(Math.min(bytes.length, Math.max(0, skip - base)));
        writeAt(output, rest, head.length + Math.max(base, skip) - skip);
        return bytes.length;
      });
      fchmodSync(output, before.mode & 0o7777);
      futimesSync(output, before.atimeMs / 1000, before.mtimeMs / 1000);
    } finally {
      closeSync(output);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
