export interface ContentRange {
  readonly start: number;
  /** Of the last byte. */
  readonly end: number;
  readonly totalBytes: number | undefined;
}

/** A `Content-Range` of a 206 (RFC 9110 §14.4), or `undefined` when it is absent or makes no sense. */
export function parseContentRange(header: string | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(header ?? '');
  if (match === null) return undefined;
  const [start, end] = [Number(match[1]), Number(match[2])];
  const totalBytes = match[3] === '*' ? undefined : Number(match[3]);
  if (start > end || (totalBytes !== undefined && end >= totalBytes)) return undefined;
  return { start, end, totalBytes };
}
