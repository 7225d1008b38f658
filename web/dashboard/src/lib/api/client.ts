// The one way to the server: same origin, the sign-in cookie, the API's envelope.

export class ApiError extends Error {
  override name = "ApiError";

  constructor(
    message: string,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    readonly reason: string | undefined,
  ) {
    super(message);
  }
}

export interface Pagination {
  limit: number;
  offset: number;
  total: number;
  hasMore: boolean;
}

/** A success as it came; what stands beside data differs by route. */
export interface Envelope<T> {
  status: "success";
  data: T;
  pagination?: Pagination;
}

export interface RequestOptions {
  query?: URLSearchParams;
  body?: unknown;
  signal?: AbortSignal;
}

const unreachable = "The server cannot be reached. Check your connection and try again.";

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The error that an answer's body tells, for any status. */
function errorOf(body: unknown, status: number): ApiError {
  const error = isRecord(body) && isRecord(body["error"]) ? body["error"] : {};
  const message = typeof error["message"] === "string" ? error["message"] : `The server answered ${status}`;
  return new ApiError(message, status, typeof error["reason"] === "string" ? error["reason"] : undefined);
}

/** Take an answer's body apart: a success, or the error that it is thrown as. */
export function open<T>(body: unknown, status: number): Envelope<T> {
  if (isRecord(body) && body["status"] === "success" && "data" in body) return body as unknown as Envelope<T>;
  throw errorOf(body, status);
}

async function send(method: string, path: string, accept: string, options: RequestOptions): Promise<Response> {
  const search = options.query?.toString();
  const hasBody = options.body !== undefined;
  try {
    return await fetch(search ? `${path}?${search}` : path, {
      method,
      credentials: "same-origin",
      headers: { Accept: accept, ...(hasBody ? { "Content-Type": "application/json" } : {}) },
      ...(hasBody ? { body: JSON.stringify(options.body) } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(unreachable, 0, undefined);
  }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Ask, and take the envelope; throws ApiError, or AbortError when the signal said so. */
export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<Envelope<T>> {
  const response = await send(method, path, "application/json", options);
  const envelope = parsed(await response.text());
  if (response.status === 401) signedOut.forEach((listener) => listener());
  return open<T>(envelope, response.status);
}

/** A table as the server writes it for a spreadsheet. */
export async function requestCSV(path: string, query: URLSearchParams): Promise<Blob> {
  const response = await send("GET", path, "text/csv", { query });
  if (!response.ok) throw errorOf(parsed(await response.text()), response.status);
  return response.blob();
}

const signedOut = new Set<() => void>();

/** Called at each 401: the sign-in has ended. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

export const messageOf = (error: unknown) =>
  error instanceof ApiError ? error.message : "Something went wrong in this page. Reload it and try again.";
