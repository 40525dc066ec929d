import { createInterface } from 'node:readline/promises';
import { BerthError } from '@berth/base';
import { type CommandContext } from '../context.ts';

/**
 * Asks a yes-or-no question on the terminal; anything but yes is no. Without a terminal nothing is asked: `usage`,
 * ERR_NEEDS_YES. A no is ERR_DECLINED.
 */
export async function confirm(question: string, { facts, signal }: CommandContext): Promise<void> {
  if (!facts.stderr.tty || !process.stdin.isTTY) {
    throw new BerthError('usage', 'ERR_NEEDS_YES', `${question} there is no terminal to ask on`, {
      hint: 'Give -y to go ahead.',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new BerthError('usage', 'ERR_DECLINED', 'nothing was changed: the answer was no');
}
