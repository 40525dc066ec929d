import { readFileSync } from 'node:fs';

/** One file of the language vectors, as the type its test declares. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`vectors/language/${name}.json`, import.meta.url), 'utf8')) as T;
}
