/**
 * How many bytes of an upload a registry has, from the `Range` of its answer: `0-1023` is 1024 (OCI distribution-spec 1.1, "Pushing a
 * blob in chunks"). `0-0`, which an empty upload has too, is 0. `undefined` when it does not tell (hostile-inputs R15).
 */
export function acceptedBytes(range: string | undefined): number | undefined {
  const match = /^(?:bytes=|bytes )?0-(\d{1,15})$/.exec(range?.trim() ?? '');
  if (match === null) return undefined;
  const last = Number(match[1]);
  return last === 0 ? 0 : last + 1;
}
