import { type BerthEvent } from '@berth/base';
import { expect, test } from '@jest/globals';
import { type LineOptions } from '../../src/render/lines.ts';
import { createPaint } from '../../src/render/paint.ts';
import { createPlainRenderer } from '../../src/render/plain.ts';
import { formatBytes } from '../../src/render/progress-state.ts';
import { createTtyRenderer } from '../../src/render/tty.ts';

const EVENTS: readonly BerthEvent[] = [
  { type: 'plan', kind: 'install', packages: 2, bytes: 2_000_000 },
  { type: 'task-start', id: '1', kind: 'install', label: 'zlib@1.3/abcdefg', totalBytes: 1_000_000 },
  { type: 'task-progress', id: '1', bytes: 500_000 },
  { type: 'decision', subject: 'zlib@1.3', decision: 'mirror m', reason: 'first that has it' },
  { type: 'warning', code: 'W', message: 'mirror n: slow\u001b[2J', hint: 'Wait.' },
  { type: 'task-progress', id: '1', bytes: 500_000 },
  { type: 'task-end', id: '1', kind: 'install', label: 'zlib@1.3/abcdefg', outcome: 'done', message: 'from mirror m' },
  { type: 'task-end', id: '2', kind: 'install', label: 'gcc@12/hijklmn', outcome: 'failed', message: 'not found' },
  { type: 'task-end', id: '3', kind: 'download', label: 'a blob', outcome: 'done' },
  { type: 'debug', message: 'GET x' },
];

const plain: LineOptions = { paint: (_format, text) => text, verbose: false, debug: false, quiet: false };

function plainText(options: Partial<LineOptions>): string {
  let text = '';
  const renderer = createPlainRenderer({ ...plain, ...options, write: (more) => (text += more) });
  EVENTS.forEach(renderer.emit);
  renderer.close();
  return text;
}

test('plain lines count packages and escape control characters', () => {
  expect(plainText({})).toBe(
    `warning: mirror n: slow\\x1b[2J
  Wait.
[1/2] installed zlib@1.3/abcdefg: from mirror m
[2/2] failed to install gcc@12/hijklmn: not found
`,
  );
});

test('quiet leaves warnings, verbose adds decisions, debug adds detail', () => {
  expect(plainText({ quiet: true })).toBe('warning: mirror n: slow\\x1b[2J\n  Wait.\n');
  expect(plainText({ verbose: true })).toContain('zlib@1.3: mirror m: first that has it\n');
  expect(plainText({ debug: true })).toContain('debug: GET x\n');
  expect(plainText({})).not.toContain('first that has it');
});

test('C03: plain lines hold no cursor codes', () => {
  expect(plainText({ verbose: true, debug: true })).not.toContain('\u001b');
});

test('a terminal shows packages, bytes, rate and what is in flight, and cleans up', () => {
  let clock = 0;
  const writes: string[] = [];
  const renderer = createTtyRenderer({
    ...plain,
    columns: () => 120,
    now: () => (clock += 200),
    write: (text) => writes.push(text),
  });
  EVENTS.slice(0, 3).forEach(renderer.emit);
  expect(writes.at(-1)).toBe('0/2 packages · 500 kB of 2.0 MB · 1.3 MB/s · zlib@1.3/abcdefg 50%');
  EVENTS.slice(3, 7).forEach(renderer.emit);
  expect(writes).toContain('[1/2] installed zlib@1.3/abcdefg: from mirror m\n');
  renderer.close();
  expect(writes.at(-1)).not.toContain('packages');
});

test('C03: the status line never wraps, however narrow the terminal', () => {
  const writes: string[] = [];
  const renderer = createTtyRenderer({ ...plain, columns: () => 20, now: () => 0, write: (text) => writes.push(text) });
  renderer.emit({ type: 'task-start', id: '1', kind: 'install', label: 'a-very-long-name-of-a-package@1.2.3/abcdefg' });
  expect(writes.at(-1)).toHaveLength(19);
});

test('a quiet terminal shows no status line', () => {
  const writes: string[] = [];
  const renderer = createTtyRenderer({
    ...plain,
    quiet: true,
    columns: () => 80,
    now: () => 0,
    write: (text) => writes.push(text),
  });
  EVENTS.slice(0, 3).forEach(renderer.emit);
  renderer.close();
  expect(writes).toEqual([]);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [45_200_000, '45.2 MB'],
  [999_500_000, '1.0 GB'],
  [5e15, '5000 TB'],
])('%d bytes are written %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

const stream = { tty: true, columns: 80 };

test.each([
  { name: 'a terminal', stream, color: undefined, env: {}, painted: true },
  { name: 'no terminal', stream: { ...stream, tty: false }, color: undefined, env: {}, painted: false },
  { name: 'NO_COLOR', stream, color: undefined, env: { NO_COLOR: '1' }, painted: false },
  { name: 'an empty NO_COLOR', stream, color: undefined, env: { NO_COLOR: '' }, painted: true },
  {
    name: '--color always in a pipe',
    stream: { ...stream, tty: false },
    color: 'always',
    env: { NO_COLOR: '1' },
    painted: true,
  },
  {
    name: 'SPACK_COLOR=always',
    stream: { ...stream, tty: false },
    color: undefined,
    env: { SPACK_COLOR: 'always' },
    painted: true,
  },
  { name: '--color never', stream, color: 'never', env: {}, painted: false },
])('colour with $name: $painted', ({ painted, ...options }) => {
  expect(createPaint(options.stream, options)('red', 'x') !== 'x').toBe(painted);
});
