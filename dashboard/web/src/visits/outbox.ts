// Visit reports wait here until the server has them. They are kept in the
// phone's storage, so neither a closed tab nor a dead spot loses one; the server
// takes each uuid once, so sending again is harmless.
import { computed, shallowRef, type ComputedRef, type Ref } from 'vue'
import { Problem } from '@/api/client'
import type { ReportBody } from '@/api/endpoints'
import type { Visit } from '@/api/types'

export interface Waiting {
  visit: string
  report: ReportBody
  /** Why the server will not take it; such a report waits for a person. */
  rejected?: string
}

export interface Outbox {
  waiting: Readonly<Ref<readonly Waiting[]>>
  sending: Readonly<Ref<boolean>>
  byVisit: ComputedRef<ReadonlyMap<string, Waiting>>
  /** Keeps the report, then tries to send it. */
  submit(visit: string, report: ReportBody): Promise<void>
  flush(): Promise<void>
  discard(uuid: string): void
  /** Tells of each report the server took; answers how to stop. */
  onSent(fn: (v: Visit) => void): () => void
  /** Whose reports these are; another person's stay untouched in storage. */
  open(user: string): void
  shut(): void
}

export interface OutboxOptions {
  send: (visit: string, report: ReportBody) => Promise<Visit>
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
}

const prefix = 'shouwang.reports.'

/** Answers that will not change by sending again. */
function final(status: number): boolean {
  return status === 400 || status === 403 || status === 404 || status === 409 || status === 422
}

export function createOutbox(o: OutboxOptions): Outbox {
  const waiting = shallowRef<readonly Waiting[]>([])
  const sending = shallowRef(false)
  const sentFns = new Set<(v: Visit) => void>()
  let key: string | null = null
  let running: Promise<void> | null = null

  function save(list: readonly Waiting[]) {
    waiting.value = list
    if (key === null) return
    if (list.length === 0) o.storage.removeItem(key)
    else o.storage.setItem(key, JSON.stringify(list))
  }

  async function flushAll() {
    sending.value = true
    try {
      for (const w of [...waiting.value]) {
        if (w.rejected !== undefined) continue
        const owner = key
        try {
          const v = await o.send(w.visit, w.report)
          if (key !== owner) return
          save(waiting.value.filter((x) => x.report.uuid !== w.report.uuid))
          for (const fn of sentFns) fn(v)
        } catch (e) {
          if (key !== owner) return
          if (!(e instanceof Problem) || !final(e.status)) return
          save(waiting.value.map((x) => (x.report.uuid === w.report.uuid ? { ...x, rejected: e.message } : x)))
        }
      }
    } finally {
      sending.value = false
    }
  }

  function flush(): Promise<void> {
    // A report handed in while a round runs goes with the next one.
    running = (running ?? Promise.resolve()).then(flushAll)
    const mine = running
    return mine.finally(() => { if (running === mine) running = null })
  }

  return {
    waiting,
    sending,
    byVisit: computed(() => new Map(waiting.value.map((w) => [w.visit, w]))),
    submit(visit, report) {
      save([...waiting.value.filter((w) => w.visit !== visit), { visit, report }])
      return flush()
    },
    flush,
    discard(uuid) { save(waiting.value.filter((w) => w.report.uuid !== uuid)) },
    onSent(fn) {
      sentFns.add(fn)
      return () => sentFns.delete(fn)
    },
    open(user) {
      key = prefix + user
      waiting.value = parse(o.storage.getItem(key))
    },
    shut() {
      key = null
      waiting.value = []
    },
  }
}

function parse(text: string | null): Waiting[] {
  if (text === null) return []
  try {
    const list = JSON.parse(text) as unknown
    if (!Array.isArray(list)) return []
    return list.filter((w): w is Waiting => typeof w?.visit === 'string' && typeof w?.report?.uuid === 'string')
  } catch {
    return []
  }
}

/** A random UUID; crypto.randomUUID is missing on plain http, getRandomValues is not. */
export function newUUID(): string {
  const b = crypto.getRandomValues(new Uint8Array(16))
  b[6] = (b[6]! & 0x0f) | 0x40
  b[8] = (b[8]! & 0x3f) | 0x80
  const h = [...b].map((x) => x.toString(16).padStart(2, '0')).join('')
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`
}
