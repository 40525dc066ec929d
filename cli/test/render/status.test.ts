import { expect, test } from '@jest/globals';
import { formatListing } from '../../src/render/listing.ts';
import { statusMarker } from '../../src/render/status.ts';

const style = { columns: 80, tty: false, verbose: false, paint: (_format: string, text: string): string => text };

test('markers are three columns wide, so that what follows stands in line', () => {
  const markers = (['installed', 'upstream', 'external', 'absent', 'missing'] as const).map((status) =>
    statusMarker(status, style),
  );
  expect(markers).toEqual(['[+]', '[^]', '[e]', ' - ', '[-]']);
});

test('places stand in one column, behind the longest line of the group, dependencies included', () => {
  const group = { architecture: 'a', compilers: 'c' };
  const entries = [
    { ...group, text: 'x@1', prefix: '/x', below: [{ depth: 1, marks: '[+]  ', text: 'longer@1', prefix: '/l' }] },
    { ...group, text: 'y@1', prefix: '/y', below: [] },
  ];
  expect(formatListing(entries, { style, groups: false })).toBe(
    'x@1                /x\n[+]      longer@1  /l\n\ny@1                /y\n\n',
  );
});
