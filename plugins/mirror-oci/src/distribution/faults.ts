import { escapeControls, isJsonArray, isJsonObject, type JsonValue, parseStrictJson } from '@berth/base';
import { type HttpStatusError } from '@berth/http';

/** One failure as a registry tells it (OCI distribution-spec 1.1, "Error codes"). Written by a stranger: not yet fit to be shown. */
export interface RegistryFault {
  /** `BLOB_UNKNOWN`, `MANIFEST_BLOB_UNKNOWN` … */
  readonly code: string;
  readonly message: string;
  /** `sha256:…` that the fault is about, where the registry names it. */
  readonly digest: string | undefined;
}

/** What a registry says of a failure; empty when its answer is not the document for it. */
export function faultsOf({ body }: Pick<HttpStatusError, 'body'>): readonly RegistryFault[] {
  let document: JsonValue;
  try {
    document = parseStrictJson(body, { what: 'error' });
  } catch {
    // A proxy's page, or nothing: the status alone has to do.
    return [];
  }
  const errors = isJsonObject(document) ? document.get('errors') : undefined;
  return isJsonArray(errors) ? errors.flatMap(faultOf) : [];
}

function faultOf(error: JsonValue): RegistryFault[] {
  const code = isJsonObject(error) ? error.get('code') : undefined;
  if (!isJsonObject(error) || typeof code !== 'string') return [];
  const [message, detail] = [error.get('message'), error.get('detail')];
  const digest = isJsonObject(detail) ? detail.get('digest') : detail;
  return [
    {
      code,
      message: typeof message === 'string' ? message : '',
      digest: typeof digest === 'string' ? digest : undefined,
    },
  ];
}

const LONGEST_CHARACTERS = 200;

/** The faults on one short line; `redact` takes out what must not be shown, before anything is cut off. */
export function describeFaults(faults: readonly RegistryFault[], redact: (text: string) => string): string {
  const text = faults.map(({ code, message }) => (message === '' ? code : `${code}: ${message}`)).join('; ');
  return escapeControls(redact(text).slice(0, LONGEST_CHARACTERS));
}
