import { readFileSync } from 'node:fs';

/** One file of the language vectors, for its test to give it a type. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`vectors/language/${name}.json`, import.meta.url), 'utf8')) as unknown;
}
