import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { classifyFile, FileClassifier } from '../../src/build-info/classify.ts';
import { formatFlowYaml, type FlowValue } from '../../src/build-info/flow-yaml.ts';
import { needsRelocation, startsWithPrefix } from '../../src/relocate/text.ts';

function vectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
}

const fileTypes = vectors('file-type') as readonly { note: string; input: string; type: string }[];
const needs = vectors('needs-text-relocation') as {
  prefixes: string[];
  cases: { input: string; search: boolean; match_at_start: boolean }[];
};
const yamls = vectors('buildinfo-yaml') as readonly { value: unknown; yaml: string }[];

test('all vectors are run', () => {
  expect([fileTypes.length, needs.cases.length, yamls.length]).toEqual([26, 6, 4]);
});

describe('a file is classified as Spack classifies it', () => {
  test.each(fileTypes)('$note', ({ input, type }) => {
    expect(classifyFile(Buffer.from(input, 'latin1'))).toBe(type);
  });

  test.each(fileTypes)('byte by byte: $note', ({ input, type }) => {
    const classifier = new FileClassifier();
    for (const byte of Buffer.from(input, 'latin1')) classifier.push(Buffer.from([byte]));
    expect(classifier.kind).toBe(type);
  });
});

test.each(needs.cases)('the text rule decides on $input', ({ input, search, match_at_start }) => {
  expect(needsRelocation(Buffer.from(input), needs.prefixes)).toBe(search);
  expect(startsWithPrefix(Buffer.from(input), needs.prefixes)).toBe(match_at_start);
});

test.each(yamls)('flow YAML is written byte for byte: $yaml', ({ value, yaml }) => {
  expect(`${formatFlowYaml(flow(value))}\n`).toBe(yaml);
});

function flow(value: unknown): FlowValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(flow);
  return new Map(Object.entries(value as object).map(([key, item]) => [key, flow(item)]));
}
