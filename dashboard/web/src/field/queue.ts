// What was entered at the door waits here until the server has it. Each entry has
// a UUID by which the server takes it once, so sending again is harmless; nothing
// is removed before the server has answered for it.
import { shallowRef, type Ref } from 'vue'
import { Problem } from '@/api/client'
import type { Shelf } from './shelf'
import type { Taken, Waiting, WaitingKind } from './types'
import { newUUID } from './uuid'

export interface Queue {
  /** Of who is signed in, in the order of entry. */
  waiting: Readonly<Ref<readonly Waiting[]>>
  /** How many entries of other people wait on this phone. */
  others: Readonly<Ref<number>>
  sending: Readonly<Ref<boolean>>
  /** When the next attempt is, null while none is planned. */
  nextAt: Readonly<Ref<number | null>>
  open(owner: string | null): Promise<void>
  /** Keeps the entry, then tries to send it. Resolves when it is kept. */
  enter(visit: string, kind: WaitingKind, body: Record<string, unknown>, photo?: ArrayBuffer): Promise<Waiting>
  /** Sends what waits; `now` does not wait for the pause after a failure. */
  flush(now?: boolean): Promise<void>
  discard(uuid: string): Promise<void>
}

export interface QueueOptions {
  shelf: Shelf
  send: (w: Waiting) => Promise<Taken>
  /** Who is signed in by the server's word: nothing is sent in another's name. */
  whoami: () => Promise<string>
  /** The server has taken it. */
  onTaken: (w: Waiting, t: Taken) => void | Promise<void>
  /** The phone has no room for an entry: makes some by giving up what can be fetched again. */
  makeRoom: () => Promise<void>
  onSignedOut: () => void
  now?: () => number
  timers?: { set: (fn: () => void, ms: number) => number; clear: (id: number) => void }
  random?: () => number
}

const firstPauseMs = 2_000
const longestPauseMs = 5 * 60_000

/** Pause after the n-th failure on end (from 1), with jitter 0…1: phones that lost one mast shall not come back in step. */
export function pauseAfter(failures: number, jitter: number): number {
  const full = Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1))
  return full / 2 + (full / 2) * jitter
}

/** Answers that will not change by sending again. */
export function final(status: number): boolean {
  return [400, 403, 404, 405, 409, 410, 413, 415, 422].includes(status)
}

export function createQueue(o: QueueOptions): Queue {
  const now = o.now ?? Date.now
  const timers = o.timers ?? { set: (fn, ms) => window.setTimeout(fn, ms), clear: (id) => window.clearTimeout(id) }
  const random = o.random ?? Math.random
  const waiting = shallowRef<readonly Waiting[]>([])
  const others = shallowRef(0)
  const sending = shallowRef(false)
  const nextAt = shallowRef<number | null>(null)
  let owner: string | null = null
  let last = 0
  let failures = 0
  let timer: number | null = null
  let running: Promise<void> | null = null
  let again = false

  async function keep(w: Waiting): Promise<Waiting> {
    for (const attempt of [0, 1]) {
      try {
        await o.shelf.add({ ...w, unsaved: undefined })
        return { ...w, unsaved: undefined }
      } catch {
        if (attempt === 0) await o.makeRoom().catch(() => undefined)
      }
    }
    return { ...w, unsaved: true }
  }

  function replace(w: Waiting) {
    waiting.value = waiting.value.map((x) => (x.uuid === w.uuid ? w : x))
  }

  function later() {
    failures++
    const ms = pauseAfter(failures, random())
    if (timer !== null) timers.clear(timer)
    nextAt.value = now() + ms
    timer = timers.set(() => { timer = null; nextAt.value = null; void flush(true) }, ms)
  }

  /** One round: the entries of each visit in their order. */
  async function round() {
    const mine = owner
    if (!waiting.value.some((w) => w.refused === undefined)) return
    try {
      const me = await o.whoami()
      if (me !== mine) return owner === mine ? o.onSignedOut() : undefined
    } catch (e) {
      return e instanceof Problem && e.status === 401 ? o.onSignedOut() : later()
    }
    for (const w of waiting.value) {
      if (owner !== mine) return
      if (w.unsaved) replace(await keep(w))
      if (w.refused !== undefined) continue
      try {
        const taken = await o.send(w)
        await o.onTaken(w, taken)
        await o.shelf.remove(w.uuid)
        if (owner === mine) waiting.value = waiting.value.filter((x) => x.uuid !== w.uuid)
        failures = 0
      } catch (e) {
        if (e instanceof Problem && e.status === 401) return o.onSignedOut()
        if (!(e instanceof Problem) || !final(e.status)) return later()
        const refused = { ...w, refused: e.message }
        if (!w.unsaved) await o.shelf.put(refused).catch(() => undefined)
        if (owner === mine) replace(refused)
      }
    }
  }

  function flush(atOnce = false): Promise<void> {
    if (owner === null || (!atOnce && nextAt.value !== null)) return Promise.resolve()
    if (running) {
      again = true // what was entered while a round runs goes with the next one
      return running
    }
    if (timer !== null) timers.clear(timer)
    timer = nextAt.value = null
    sending.value = true
    running = (async () => {
      do {
        again = false
        await round()
      } while (again && nextAt.value === null && owner !== null)
    })().finally(() => { running = null; sending.value = false })
    return running
  }

  return {
    waiting, others, sending, nextAt, flush,
    async open(user) {
      owner = user
      failures = 0
      if (timer !== null) timers.clear(timer)
      timer = nextAt.value = null
      const all = await o.shelf.waiting()
      last = Math.max(last, ...all.map((w) => w.n))
      const unsaved = waiting.value.filter((w) => w.unsaved && w.owner === user)
      waiting.value = [...all.filter((w) => w.owner === user), ...unsaved]
      others.value = all.filter((w) => w.owner !== user).length
    },
    async enter(visit, kind, body, photo) {
      if (owner === null) throw new Error('nobody is signed in')
      // Two tabs may count alike; the time of entry keeps them in order.
      last = Math.max(last + 1, now())
      const entry: Waiting = { uuid: newUUID(), owner, visit, kind, at: new Date(now()).toISOString(), body, n: last }
      if (photo) entry.photo = photo
      const kept = await keep(entry)
      waiting.value = [...waiting.value, kept]
      // An entry is worth an attempt of its own: the pause was for the old ones.
      void flush(true)
      return kept
    },
    async discard(uuid) {
      await o.shelf.remove(uuid)
      waiting.value = waiting.value.filter((w) => w.uuid !== uuid)
    },
  }
}

/** Takes over what an older page had left in the phone's simple storage, once. */
export async function takeOver(shelf: Shelf, storage: Pick<Storage, 'getItem' | 'removeItem' | 'key' | 'length'>): Promise<number> {
  const prefix = 'shouwang.reports.'
  const keys = Array.from({ length: storage.length }, (_, i) => storage.key(i)).filter((k): k is string => k !== null && k.startsWith(prefix))
  let n = 0
  for (const key of keys) {
    const old = parseOld(storage.getItem(key))
    for (const w of old) {
      const { uuid, at, ...body } = w.report
      await shelf.put({ uuid, owner: key.slice(prefix.length), visit: w.visit, kind: 'report', at, body, n: ++n, refused: w.rejected })
    }
    storage.removeItem(key) // only now: all of it is on the shelf
  }
  return n
}

interface Old { visit: string; report: { uuid: string; at: string } & Record<string, unknown>; rejected?: string }

function parseOld(text: string | null): Old[] {
  try {
    const list = JSON.parse(text ?? '[]') as unknown
    return Array.isArray(list) ? list.filter((w): w is Old => typeof w?.visit === 'string' && typeof w?.report?.uuid === 'string') : []
  } catch {
    return []
  }
}
