// The field page's state: who is here, the cards, the queue, the connection.
import { computed, inject, ref, shallowRef, type InjectionKey } from 'vue'
import { Problem } from '@/api/client'
import type { Area, Caller, Visit } from '@/api/types'
import type { FieldApi } from './api'
import { listen } from './news'
import { createQueue, takeOver } from './queue'
import type { Shelf } from './shelf'
import type { Card, Taken, Told, Waiting } from './types'

export type Who = Pick<Caller, 'username' | 'name' | 'role' | 'may'>

/** What was loaded last, as it is kept on the phone. */
interface Kept { at: number; cards: Card[]; areas: Area[]; more: boolean }

/** Names and addresses are not kept on a phone longer than this without a word from the server. */
const keptForMs = 3 * 86_400_000
const reloadEveryMs = 60_000

export type Field = ReturnType<typeof createField>
export const fieldKey: InjectionKey<Field> = Symbol('field')

export function useField(): Field {
  const f = inject(fieldKey)
  if (!f) throw new Error('the field page is not set up')
  return f
}

export interface FieldOptions { api: FieldApi; shelf: Shelf; storage: Storage; skew: () => number }

export function createField(o: FieldOptions) {
  const who = shallowRef<Who | null>(null)
  /** `unknown` until it is clear whether somebody is signed in. */
  const session = ref<'unknown' | 'in' | 'out' | 'expired'>('unknown')
  const cards = shallowRef<readonly Card[]>([])
  const gone = shallowRef<ReadonlySet<string>>(new Set())
  const areas = shallowRef<readonly Area[]>([])
  const more = ref(false)
  const loadedAt = ref<number | null>(null)
  const online = ref<'connecting' | 'live' | 'stale'>('connecting')
  const told = shallowRef<readonly Told[]>([])
  const failed = ref('')
  const now = ref(Date.now())
  let ticker = 0
  let lastLoad = 0
  let stopListening = () => {}

  const queue = createQueue({
    shelf: o.shelf, send: o.api.send, onTaken: taken, onSignedOut: ended, whoami: async () => (await o.api.session()).username,
    // Cards can be fetched again; what was entered cannot.
    makeRoom: () => o.shelf.forget('cards:'),
  })

  const name = (visit: string) => {
    const c = cards.value.find((x) => x.visit.id === visit)
    return c?.resident?.name ?? c?.visit.resident?.name ?? ''
  }

  async function taken(w: Waiting, t: Taken) {
    online.value = 'live'
    cards.value = cards.value.map((c) => (c.visit.id === w.visit ? { ...c, visit: newer(c.visit, t.visit), entries: withEntry(c, t) } : c))
    if (t.conflict !== '') {
      told.value = [...told.value.filter((x) => x.uuid !== w.uuid), { uuid: w.uuid, visit: w.visit, name: name(w.visit), kind: w.kind, at: w.at, conflict: t.conflict }]
      await o.shelf.set(`told:${w.owner}`, [...told.value]).catch(() => undefined)
    }
    void save()
  }

  async function save() {
    if (!who.value) return
    const kept: Kept = { at: loadedAt.value ?? Date.now(), cards: [...cards.value], areas: [...areas.value], more: more.value }
    await o.shelf.set(`cards:${who.value.username}`, plain(kept)).catch(() => undefined)
  }

  async function enter(c: Who, known: boolean) {
    if (who.value?.username !== c.username) cards.value = []
    who.value = c
    session.value = 'in'
    await queue.open(c.username)
    told.value = (await o.shelf.get<Told[]>(`told:${c.username}`).catch(() => undefined)) ?? []
    const kept = await o.shelf.get<Kept>(`cards:${c.username}`).catch(() => undefined)
    if (kept && Date.now() - kept.at < keptForMs) {
      cards.value = kept.cards
      areas.value = kept.areas
      more.value = kept.more
      loadedAt.value = kept.at
    }
    if (known) {
      await o.shelf.set('who', plain(c)).catch(() => undefined)
      await askToKeep()
    }
    startTicking()
    void load()
    void queue.flush(true)
  }

  function ended() {
    if (session.value !== 'in') return
    session.value = 'expired'
    // Who finds the phone shall not find addresses on it; what waits stays.
    if (who.value) void o.shelf.forget(`cards:${who.value.username}`).catch(() => undefined)
    leave()
  }

  function leave() {
    window.clearInterval(ticker)
    stopListening()
    who.value = null
    cards.value = []
    loadedAt.value = null
    void queue.open(null)
  }

  function startTicking() {
    window.clearInterval(ticker)
    ticker = window.setInterval(() => {
      now.value = Date.now() + o.skew()
      if (document.visibilityState === 'visible' && Date.now() - lastLoad >= reloadEveryMs) void load()
    }, 1_000)
    now.value = Date.now() + o.skew()
    stopListening()
    stopListening = listen({
      onNews: () => void load(),
      onUp: () => { online.value = 'live'; void queue.flush(true) },
      onDown: () => { online.value = 'stale' },
    })
  }

  let loading: Promise<void> | null = null
  function load(): Promise<void> {
    loading ??= (async () => {
      lastLoad = Date.now()
      try {
        const [me, answer, tree] = await Promise.all([o.api.session(), o.api.cards(), areas.value.length > 0 ? areas.value : o.api.areas().catch(() => [])])
        if (session.value !== 'in') return
        if (me.username !== who.value?.username) return void enter(me, true)
        online.value = 'live'
        failed.value = ''
        areas.value = tree
        more.value = answer.more
        put(answer.items)
        loadedAt.value = Date.now()
        now.value = Date.now() + o.skew()
        await save()
        void queue.flush()
      } catch (e) {
        if (e instanceof Problem && e.status === 401) return ended()
        if (e instanceof Problem && e.status !== 0) failed.value = e.message
        online.value = 'stale'
      } finally {
        loading = null
      }
    })()
    return loading
  }

  /** What is no longer on the list and yet waits or is open stays in sight. */
  function put(items: Card[]) {
    const ids = new Set(items.map((c) => c.visit.id))
    const left = cards.value.filter((c) => !ids.has(c.visit.id) && (openVisit.value === c.visit.id || queue.waiting.value.some((w) => w.visit === c.visit.id)))
    gone.value = new Set(left.map((c) => c.visit.id))
    cards.value = [...items, ...left]
  }

  /** The visit on the screen. */
  const openVisit = ref(visitOf(location.hash))
  window.addEventListener('hashchange', () => { openVisit.value = visitOf(location.hash) })
  window.addEventListener('online', () => { void queue.flush(true); void load() })
  window.addEventListener('offline', () => { online.value = 'stale' })
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible' || session.value !== 'in') return
    void queue.flush(true)
    void load()
  })

  return {
    who, session, cards, gone, areas, more, loadedAt, online, told, failed, now, queue, openVisit, shelf: o.shelf, api: o.api, load, name,
    card: computed(() => cards.value.find((c) => c.visit.id === openVisit.value) ?? null),
    /** Who was here last may go on without a network. */
    async start() {
      await takeOver(o.shelf, o.storage).catch(() => undefined)
      const last = await o.shelf.get<Who>('who').catch(() => undefined)
      // At once what is on the phone; whether the session still holds shows in time.
      if (last) return enter(last, false)
      try {
        await enter(await o.api.session(), true)
      } catch {
        session.value = 'out'
        await queue.open(null)
      }
    },
    async signIn(username: string, password: string) {
      await o.api.signIn(username, password)
      await enter(await o.api.session(), true)
    },
    async signOut() {
      const user = who.value?.username ?? ''
      await o.api.signOut().catch(() => undefined)
      session.value = 'out'
      for (const key of ['who', `cards:${user}`, `draft:${user}:`]) await o.shelf.forget(key).catch(() => undefined)
      leave()
    },
    async dismiss(uuid: string) {
      told.value = told.value.filter((x) => x.uuid !== uuid)
      await o.shelf.set(`told:${who.value?.username ?? ''}`, plain([...told.value])).catch(() => undefined)
    },
    areaName(path: string): string {
      const names = new Map(areas.value.map((a) => [a.path as string, a.name]))
      const codes = path.split('/')
      const known = codes.map((_, i) => names.get(codes.slice(0, i + 1).join('/')))
      const from = Math.max(known.findIndex((n) => n !== undefined), codes.length > 2 ? 1 : 0)
      return codes.map((code, i) => known[i] ?? code).slice(from).join('')
    },
  }
}

export function visitOf(hash: string): string {
  return /^#visit=(.+)$/.exec(hash)?.[1] ?? ''
}

/** Of two states of one visit, the one further on: answers may overtake each other. */
function newer(a: Visit, b: Visit): Visit {
  return a.report && !b.report ? a : b
}

function withEntry(c: Card, t: Taken): Card['entries'] {
  return t.entry && !c.entries.some((e) => e.uuid === t.entry!.uuid) ? [...c.entries, t.entry] : c.entries
}

/** Vue's wrappers cannot be kept. */
function plain<T>(v: T): T {
  return JSON.parse(JSON.stringify(v)) as T
}

async function askToKeep() {
  // So that a full phone does not throw away what waits.
  await navigator.storage?.persist?.().catch(() => false)
}
