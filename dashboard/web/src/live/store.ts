// The live store: the reducer's state made reactive, and the connection that
// feeds it. Views read it; components get props.
import { computed, readonly, ref, shallowRef, type ComputedRef, type Ref } from 'vue'
import type { Alert } from '@/api/types'
import { connectionState, createFeed, type Connection, type Feed, type Socket } from './connection'
import { applyFrame, applySnapshot, emptyState, sounding, worklist, type ChangeFrame, type LiveState } from './state'

export interface LiveOptions {
  fetchOpen: () => Promise<{ items: Alert[]; asOf: number }>
  /** Asked before each reconnection: a websocket cannot tell an ended session from a dead server. */
  check: () => Promise<{ data_as_of: string | null }>
  openSocket: (after: number | null) => Socket
  /** Somebody is at the board, see duty/presence. */
  watched?: () => boolean
  /** What the server says first. */
  onHello?: (f: { idle_min?: number }) => void
}

export interface LiveStore {
  state: Readonly<Ref<LiveState>>
  connection: ComputedRef<Connection>
  /** The present in server time, ticking each second. */
  now: Readonly<Ref<number>>
  worklist: ComputedRef<Alert[]>
  ringing: ComputedRef<Alert[]>
  start(): void
  stop(): void
  retry(): void
  /** Says what is shown, when somebody has come back to the board. */
  report(): void
  /** Fetches the list anew, for when an action was done while the feed was down. */
  refresh(): Promise<void>
  /** Corrects the clock by the time an answer of the server carried. */
  serverTime(server: number): void
  onChange(fn: (f: ChangeFrame) => void): () => void
  onReady(fn: () => void): () => void
}

/** A smaller difference of clocks is not worth a correction: Date is to the second. */
const minSkewMs = 2_000

export function createLiveStore(o: LiveOptions): LiveStore {
  const state = shallowRef<LiveState>(emptyState())
  const skew = ref(0)
  const local = ref(Date.now())
  const lastHeard = ref<number | null>(null)
  const ready = ref(false)
  const changeFns = new Set<(f: ChangeFrame) => void>()
  const readyFns = new Set<() => void>()
  let ticker: number | null = null

  const now = computed(() => local.value + skew.value)
  // lastHeard and local are the same clock, so a wrong skew grey nothing out.
  const connection = computed(() => connectionState({ lastHeard: lastHeard.value, socketReady: ready.value, now: local.value }))

  async function snapshot() {
    const list = await o.fetchOpen()
    state.value = applySnapshot(state.value, list.items, list.asOf)
  }

  const feed: Feed = createFeed({
    open: o.openSocket,
    async prepare() {
      const status = o.check()
      if (state.value.last === null || state.value.broken) await Promise.all([snapshot(), status])
      const { data_as_of } = await status
      if (data_as_of !== null) state.value = { ...state.value, dataAsOf: data_as_of }
      return state.value.last
    },
    watched: o.watched,
    onFrame(f) {
      if (f.type === 'hello') o.onHello?.(f as { idle_min?: number })
      const before = state.value.last
      state.value = applyFrame(state.value, f)
      if (state.value.last !== before && 'prev' in f) for (const fn of changeFns) fn(f)
    },
    position: () => ({ last: state.value.last, broken: state.value.broken !== false }),
    onReady(r) {
      ready.value = r
      if (r) for (const fn of readyFns) fn()
    },
    onHeard() {
      local.value = Math.max(local.value, Date.now())
      lastHeard.value = Date.now()
    },
  })

  const tick = () => { local.value = Date.now() }
  // A hidden tab's timers sleep: look at the clock as soon as somebody looks.
  const shown = () => {
    tick()
    if (document.visibilityState === 'visible' && connection.value === 'stale') feed.retry()
  }
  const online = () => feed.retry()

  return {
    state: readonly(state) as Readonly<Ref<LiveState>>,
    connection,
    now,
    worklist: computed(() => worklist(state.value)),
    ringing: computed(() => sounding(state.value)),
    start() {
      if (ticker !== null) return
      ticker = setInterval(tick, 1000) as unknown as number
      document.addEventListener('visibilitychange', shown)
      window.addEventListener('online', online)
      feed.start()
    },
    stop() {
      if (ticker !== null) clearInterval(ticker)
      ticker = null
      document.removeEventListener('visibilitychange', shown)
      window.removeEventListener('online', online)
      feed.stop()
      state.value = emptyState()
      lastHeard.value = null
    },
    retry: () => feed.retry(),
    report: () => feed.report(),
    refresh: snapshot,
    serverTime(server) {
      const d = server - Date.now()
      skew.value = Math.abs(d) < minSkewMs ? 0 : d
    },
    onChange(fn) {
      changeFns.add(fn)
      return () => changeFns.delete(fn)
    },
    onReady(fn) {
      readyFns.add(fn)
      return () => readyFns.delete(fn)
    },
  }
}

/** The websocket of this origin. */
export function openLiveSocket(after: number | null): Socket {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const query = after === null ? '' : `?after=${after}`
  return new WebSocket(`${scheme}//${location.host}/api/v1/live${query}`) as unknown as Socket
}
