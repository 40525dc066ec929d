import { isHttpStatusError } from '../failures.ts';
import { type HttpResponse, type RequestHeaders } from '../contract.ts';
import { parseContentRange } from '../headers/content-range.ts';
import { chooseCoding, probeCoding } from './choose-coding.ts';
import { changed, type Part, type Running } from './running.ts';

/** The first answer, and the part it is unless its status says that there are no bytes. */
export async function firstPart(
  running: Running,
): Promise<{ readonly response: HttpResponse; readonly part: Part | undefined }> {
  const range = running.wanted.range;
  const response = await ask(running, range === undefined ? {} : { range: rangeHeader(range.start, range.end) });
  if (response.status !== 200 && response.status !== 206) return { response, part: undefined };
  const part = (await partOf(running, response, range?.start ?? 0)) ?? (await wholeAnew(running));
  return { response: part.response, part };
}

/** What is left, from where the last part ended; from the beginning when the server cannot do that. */
export async function nextPart(running: Running): Promise<Part> {
  const { progress, wanted, validator } = running;
  if (!resumable(running)) return wholeAnew(running);
  const from = (wanted.range?.start ?? 0) + progress.bytes;
  const condition = validator === undefined ? {} : { 'if-range': validator };
  const response = await askForRest(running, { range: rangeHeader(from, wanted.range?.end), ...condition });
  return (response && (await partOf(running, response, from))) ?? wholeAnew(running);
}

function resumable({ progress, wanted, validator, coded }: Running): boolean {
  if (coded) return false;
  // Without either nothing would tell that two halves belong together.
  if (validator === undefined && wanted.expected.digest === undefined) return false;
  return progress.bytes > 0 || wanted.range !== undefined;
}

async function askForRest(running: Running, headers: RequestHeaders): Promise<HttpResponse | undefined> {
  try {
    return await ask(running, headers);
  } catch (error) {
    // 416: the server no longer has that much of it.
    if (isHttpStatusError(error, 416)) return undefined;
    throw error;
  }
}

async function ask(running: Running, headers: RequestHeaders): Promise<HttpResponse> {
  const { url, signal, auth, headers: own, expect = [] } = running.wanted;
  return running.request({
    method: 'GET',
    url,
    signal,
    auth,
    headers: { ...own, ...headers },
    expect: [200, 206, ...expect],
  });
}

function rangeHeader(start: number, end: number | undefined): string {
  return `bytes=${start}-${end === undefined ? '' : end - 1}`;
}

/** The answer as a part, or `undefined` when it is not what was asked for (hostile-inputs R22). */
async function partOf(running: Running, response: HttpResponse, asked: number): Promise<Part | undefined> {
  try {
    const coding = running.probed ?? chooseCoding(response, running.wanted.expected);
    if (coding === 'unclear') {
      await probe(running, response);
      return undefined;
    }
    running.coded = coding !== 'none';
    if (response.status === 200) return { response, at: 0, coding };
    const found = parseContentRange(response.headers.get('content-range'));
    if (found?.start === asked && coding === 'none') return { response, at: asked, coding };
    response.dispose();
    return undefined;
  } catch (error) {
    response.dispose();
    throw error;
  }
}

async function probe(running: Running, response: HttpResponse): Promise<void> {
  const { wanted, limits } = running;
  running.probed = await probeCoding(response, wanted.expected, { limits, signal: wanted.signal });
}

/** The resource from its beginning, for a server that does not do ranges well. */
async function wholeAnew(running: Running): Promise<Part> {
  const { probed } = running;
  const response = await ask(running, {});
  const part = response.status === 200 ? await partOf(running, response, 0) : undefined;
  if (part !== undefined) return part;
  // Reading it told in which form it is right: now for its bytes.
  if (running.probed !== probed) return wholeAnew(running);
  response.dispose();
  throw changed(running, 'the server sends a part that was not asked for');
}
