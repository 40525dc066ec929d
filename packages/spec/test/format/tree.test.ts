import { expect, test } from '@jest/globals';
import { formatTree, readSpecDocument, treeLines, type ConcreteSpec } from '../../src/index.ts';
import { documentBytes } from '../concrete/documents.ts';

const { root: curl, nodes } = readSpecDocument(documentBytes('v5/curl.json'), { what: 'curl' });

function node(name: string): ConcreteSpec {
  const found = nodes.find((spec) => spec.name === name);
  if (found === undefined) throw new Error(`no node ${name}`);
  return found;
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

test('roots are sorted, and a node is shown under the root that is nearest', () => {
  const lines = [
    '[    ]  curl',
    '[b   ]      ^compiler-wrapper',
    '[b   ]      ^gcc',
    '[ l  ]      ^gcc-runtime',
    '[ l  ]      ^glibc',
    '[b   ]      ^gmake',
    '[bl  ]      ^openssl',
    '[b   ]      ^pkgconf',
    '[bl  ]      ^zlib-ng',
    '[bl  ]  nghttp2',
    '[b   ]      ^diffutils',
    '[bl  ]          ^libiconv',
  ];
  expect(formatTree([node('nghttp2'), curl], { format: '{name}', showTypes: true })).toBe(text(lines));
});

test('one root given twice is shown once', () => {
  const once = formatTree([node('zlib-ng')]);
  expect(formatTree([node('zlib-ng'), node('zlib-ng')])).toBe(once);
});

test('covering edges shows each edge once, covering paths everything', () => {
  const options = { format: '{name}', showTypes: true } as const;
  const common = [
    '[    ]  zlib-ng',
    '[b   ]      ^compiler-wrapper',
    '[b   ]      ^gcc',
    '[ l  ]      ^gcc-runtime',
    '[b   ]          ^gcc',
    '[ l  ]          ^glibc',
    '[ l  ]      ^glibc',
    '[b   ]      ^gmake',
    '[b   ]          ^compiler-wrapper',
    '[b   ]          ^gcc',
    '[ l  ]          ^gcc-runtime',
  ];
  const edges = [...common, '[ l  ]          ^glibc'];
  const paths = [...common, '[b   ]              ^gcc', '[ l  ]              ^glibc', '[ l  ]          ^glibc'];
  expect(formatTree([node('zlib-ng')], { ...options, cover: 'edges' })).toBe(text(edges));
  expect(formatTree([node('zlib-ng')], { ...options, cover: 'paths' })).toBe(text(paths));
});

test('types choose the edges, and each line is data', () => {
  const lines = [...treeLines([node('zlib-ng')], { types: ['link', 'run'], format: '{name}' })];
  expect(lines.map(({ spec, depth, types, text: line }) => [spec.name, depth, types, line])).toEqual([
    ['zlib-ng', 0, [], 'zlib-ng'],
    ['gcc-runtime', 1, ['link'], '    ^gcc-runtime'],
    ['glibc', 1, ['link'], '    ^glibc'],
  ]);
});

test('status and hash stand in front', () => {
  const options = { format: '{name}', showTypes: true, hashLength: 3, types: ['run'], status: () => ' -   ' } as const;
  expect(formatTree([node('zlib-ng')], options)).toBe(' -   zo4  [    ]  zlib-ng\n');
});

test('a node that stands in two documents is one node of the tree', () => {
  const copy = readSpecDocument(documentBytes('v5/curl.json'), { what: 'curl' }).root;
  const zlib = readSpecDocument(documentBytes('v5/zlib-ng.json'), { what: 'zlib-ng' }).root;
  const format = '{name}';
  expect(formatTree([copy, zlib], { format })).toBe(formatTree([curl, zlib], { format }));
  expect(formatTree([curl, copy], { format })).toBe(formatTree([curl], { format }));
});
