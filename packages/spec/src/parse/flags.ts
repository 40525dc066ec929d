import { type CompilerFlag } from '../spec.ts';

/**
 * Splits the value of a flag attribute at blanks; a word without a leading dash belongs to the word before it
 * (spec-syntax §6).
 */
export function parseFlags(text: string, propagate: boolean): readonly CompilerFlag[] {
  const flags: string[] = [];
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const last = flags.length - 1;
    if (word.startsWith('-') || last < 0) flags.push(word);
    else flags[last] = `${flags[last] ?? ''} ${word}`;
  }
  return flags.map((flag) => ({ flag, propagate, group: text }));
}
