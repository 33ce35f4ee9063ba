// One way to the server: JSON in, JSON or a Problem out.

/** An RFC 9457 problem document, or a transport error given the same form. */
export class Problem extends Error {
  constructor(
    /** HTTP status; 0 when the server could not be reached. */
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** Further members, e.g. the state of the alert on a 409. */
    readonly body: Record<string, unknown> = {},
  ) {
    super(detail || title)
    this.name = 'Problem'
  }
}

export interface Client {
  get<T>(path: string, query?: Query): Promise<T>
  post<T>(path: string, body?: unknown, timeout?: number): Promise<T>
  put<T>(path: string, body: unknown): Promise<T>
  delete(path: string): Promise<void>
}

export type Query = Record<string, string | number | boolean | undefined | null>

export interface ClientHooks {
  /** Called on every 401 so that the page can go back to the sign-in. */
  onSignedOut?: () => void
  /** Server time of an answer (its Date header, to the second). */
  onServerTime?: (server: number) => void
}

/** Longest wait for an answer; a mobile network may need several seconds. */
const timeoutMs = 20_000

export function createClient(hooks: ClientHooks = {}): Client {
  async function call<T>(method: string, path: string, body?: unknown, timeout = timeoutMs): Promise<T> {
    let res: Response
    try {
      res = await fetch('/api/v1' + path, {
        method,
        credentials: 'same-origin',
        headers: body === undefined ? { Accept: 'application/json' } : { Accept: 'application/json', 'Content-Type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: timeLimit(timeout),
      })
    } catch (e) {
      throw new Problem(0, 'unreachable', String(e))
    }
    const date = Date.parse(res.headers.get('Date') ?? '')
    if (!Number.isNaN(date)) hooks.onServerTime?.(date)
    const text = await res.text()
    let data: unknown
    try {
      data = text === '' ? undefined : JSON.parse(text)
    } catch {
      data = undefined
    }
    if (res.ok) return data as T
    const doc = (typeof data === 'object' && data !== null ? data : {}) as Record<string, unknown>
    if (res.status === 401 && path !== '/session') hooks.onSignedOut?.()
    const wait = Number(res.headers.get('Retry-After') ?? '')
    if (wait > 0) doc.retry_after_s = wait
    throw new Problem(res.status, String(doc.title ?? res.statusText), String(doc.detail ?? ''), doc)
  }
  return {
    get: (path, query) => call('GET', path + queryString(query)),
    post: (path, body, timeout) => call('POST', path, body ?? {}, timeout),
    put: (path, body) => call('PUT', path, body),
    delete: (path) => call('DELETE', path),
  }
}

/** AbortSignal.timeout, which phones of before 2022 do not have. */
export function timeLimit(milliseconds: number): AbortSignal {
  const c = new AbortController()
  setTimeout(() => c.abort(), milliseconds)
  return c.signal
}

export function queryString(query: Query = {}): string {
  const p = new URLSearchParams()
  for (const [k, v] of Object.entries(query)) {
    if (v !== undefined && v !== null && v !== '') p.set(k, String(v))
  }
  const s = p.toString()
  return s === '' ? '' : '?' + s
}
