// Keeps one websocket to the server: sends where we are, hands frames on,
// comes back with growing pauses, and tells when the server has gone quiet.
import type { Frame } from './state'

export type Connection = 'connecting' | 'live' | 'stale'

/** Without a sign of the server for this long the board must not be trusted. */
export const staleAfterMs = 10_000
/** Longest pause between two attempts to connect. */
export const maxPauseMs = 5_000
const firstPauseMs = 300

/** Pause before attempt n (from 0), with the jitter given as 0…1. */
export function pauseBefore(attempt: number, jitter: number): number {
  const full = Math.min(maxPauseMs, firstPauseMs * 2 ** attempt)
  // Half to whole: a hall full of boards shall not come back in step.
  return full / 2 + (full / 2) * jitter
}

/** What the board may claim about itself. */
export function connectionState(c: { lastHeard: number | null; socketReady: boolean; now: number }): Connection {
  if (c.lastHeard === null) return 'connecting'
  if (c.now - c.lastHeard >= staleAfterMs) return 'stale'
  return c.socketReady ? 'live' : 'connecting'
}

export interface Socket {
  send(data: string): void
  close(): void
  onopen: (() => void) | null
  onmessage: ((e: { data: unknown }) => void) | null
  onclose: (() => void) | null
}

export interface FeedOptions {
  /** Opens the socket; `after` null asks for the tail only. */
  open: (after: number | null) => Socket
  /**
   * Brings the state up to date before the socket is opened (fetches the list
   * when there is none or it is broken) and answers the number to go on from.
   */
  prepare: () => Promise<number | null>
  onFrame: (f: Frame) => void
  /** After each frame: the number to report as seen, and whether to start over. */
  position: () => { last: number | null; broken: boolean }
  onReady: (ready: boolean) => void
  onHeard: () => void
  /** Somebody is at the board: only then what is shown counts as seen. */
  watched?: () => boolean
  timers?: { set: (fn: () => void, ms: number) => number; clear: (id: number) => void }
  random?: () => number
}

export interface Feed {
  start(): void
  stop(): void
  /** Drops the socket and connects at once, e.g. when the network came back. */
  retry(): void
  /** Says what is shown, e.g. when somebody has come back to the board. */
  report(): void
}

/** Seen numbers are sent at most this often. */
const seenEveryMs = 1_000
/** And again this often while somebody is there: a board that is silent counts as empty. */
export const hereEveryMs = 15_000

export function createFeed(o: FeedOptions): Feed {
  const timers = o.timers ?? { set: (fn, ms) => setTimeout(fn, ms) as unknown as number, clear: (id) => clearTimeout(id) }
  const random = o.random ?? Math.random
  let running = false
  let attempt = 0
  let run = 0
  let socket: Socket | null = null
  let wait: number | null = null
  let seenTimer: number | null = null
  let seen: number | null = null
  let hereTimer: number | null = null
  const watched = o.watched ?? (() => true)
  let watchdog: number | null = null

  function schedule(id: number) {
    if (!running || id !== run) return
    wait = timers.set(() => void connect(), pauseBefore(attempt++, random()))
  }

  function drop() {
    if (wait !== null) timers.clear(wait)
    if (seenTimer !== null) timers.clear(seenTimer)
    if (watchdog !== null) timers.clear(watchdog)
    if (hereTimer !== null) timers.clear(hereTimer)
    wait = seenTimer = watchdog = hereTimer = null
    const s = socket
    socket = null
    if (s) {
      s.onopen = s.onmessage = s.onclose = null
      s.close()
    }
    o.onReady(false)
  }

  function watch(id: number) {
    if (watchdog !== null) timers.clear(watchdog)
    // A half-open connection never closes by itself.
    watchdog = timers.set(() => {
      if (id !== run) return
      drop()
      schedule(id)
    }, staleAfterMs)
  }

  function sendSeen(again: boolean) {
    const last = o.position().last
    if (!socket || last === null || (!again && last === seen) || !watched()) return
    seen = last
    socket.send(JSON.stringify({ type: 'seen', event: last }))
  }

  function reportSeen() {
    if (seenTimer !== null) return
    seenTimer = timers.set(() => {
      seenTimer = null
      sendSeen(false)
    }, seenEveryMs)
  }

  function stayHere(id: number) {
    hereTimer = timers.set(() => {
      if (id !== run) return
      sendSeen(true)
      stayHere(id)
    }, hereEveryMs)
  }

  async function connect() {
    const id = ++run
    wait = null
    let after: number | null
    try {
      after = await o.prepare()
    } catch {
      schedule(id)
      return
    }
    if (!running || id !== run) return
    let s: Socket
    try {
      s = o.open(after)
    } catch {
      schedule(id)
      return
    }
    socket = s
    seen = null
    watch(id)
    s.onmessage = (e) => {
      if (id !== run) return
      const f = parseFrame(e.data)
      if (!f) return
      o.onHeard()
      watch(id)
      if (f.type === 'hello') o.onReady(true)
      o.onFrame(f)
      if (f.type === 'hello' && hereTimer === null) {
        reportSeen()
        stayHere(id)
      }
      if (o.position().broken) {
        // prepare() fetches the list again, then the socket goes on from there.
        drop()
        schedule(id)
        return
      }
      // Only now has the connection proved to be of use: a server that says
      // hello and resets again and again shall be asked ever more rarely.
      if (f.type !== 'hello') attempt = 0
      if (f.type !== 'beat') reportSeen()
    }
    s.onclose = () => {
      if (id !== run) return
      drop()
      schedule(id)
    }
  }

  return {
    start() {
      if (running) return
      running = true
      attempt = 0
      void connect()
    },
    stop() {
      running = false
      run++
      drop()
    },
    report: () => sendSeen(true),
    retry() {
      if (!running) return
      run++
      drop()
      attempt = 0
      void connect()
    },
  }
}

/** Answers null for what is not a frame of ours: a newer server may send more. */
export function parseFrame(data: unknown): Frame | null {
  if (typeof data !== 'string') return null
  try {
    const f = JSON.parse(data) as Record<string, unknown>
    if (typeof f !== 'object' || f === null || typeof f.type !== 'string') return null
    if (f.type === 'hello' || f.type === 'beat' || f.type === 'reset') return f as unknown as Frame
    return typeof f.event === 'number' && typeof f.prev === 'number' ? (f as unknown as Frame) : null
  } catch {
    return null
  }
}
