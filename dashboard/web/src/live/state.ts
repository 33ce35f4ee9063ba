// The live state of the board as a pure reducer over list snapshots and
// websocket frames. Event numbers are the whole service's, so the ones a client
// sees have holes; `prev` on each frame tells which number the client must have
// seen before it. That is how a lost frame is noticed.
import type { Alert, Visit } from '@/api/types'

export type Frame =
  | { type: 'hello'; event: number; idle_min?: number }
  | { type: 'beat'; event: number; data_as_of?: string | null }
  | { type: 'reset' }
  | ChangeFrame

export interface ChangeFrame {
  type: string
  event: number
  prev: number
  at: string
  alert?: Alert | null
  visit?: Visit | null
  /** On visit.planned: ids of the visits that were planned in a village. */
  visits?: readonly string[]
  /** On alert.gone: the id of an alert that is no longer ours to see. */
  gone?: string
}

export interface LiveState {
  /** Number of the newest change contained in `alerts`; null before the first list. */
  last: number | null
  /** Alerts by id: all that are not closed, and the newest closed ones. */
  alerts: ReadonlyMap<string, Alert>
  /** Event number each alert is true as of, so that an older frame changes nothing. */
  versions: ReadonlyMap<string, number>
  /** Closed alerts in order of closing; only the newest are kept. */
  closed: readonly string[]
  /** Set when something may be missing: the list must be fetched again. */
  broken: false | 'gap' | 'reset'
  /** Time up to which the service has judged the data it received. */
  dataAsOf: string | null
  /** Newest visit changes by id, for the visit list to take over. */
  visits: ReadonlyMap<string, Visit>
  /** Alerts that opened or rang again since the last snapshot, newest last. */
  news: readonly News[]
}

export interface News {
  event: number
  alert: Alert
}

/** How many closed alerts stay on hand, so that a case just closed can still be read. */
export const keepClosed = 50
/** How many changed visits are kept; the visit list itself is fetched. */
const keepVisits = 500
const keepNews = 20

export function emptyState(): LiveState {
  return {
    last: null, alerts: new Map(), versions: new Map(), closed: [], broken: false,
    dataAsOf: null, visits: new Map(), news: [],
  }
}

/**
 * Takes a freshly fetched list of all alerts that are not closed. `asOf` is
 * the event number the list is true as of (of its first page, if it had
 * several: what changed between the pages comes again as frames).
 *
 * On a sound state it only brings news forward: what a frame has told since
 * stays, and frames go on from where they were. On an empty or broken one it
 * is the new beginning.
 */
export function applySnapshot(s: LiveState, items: readonly Alert[], asOf: number): LiveState {
  const sound = s.last !== null && !s.broken
  const alerts = new Map<string, Alert>()
  const versions = new Map<string, number>()
  const put = (a: Alert, version: number) => {
    alerts.set(a.id, a)
    versions.set(a.id, version)
  }
  for (const a of items) put(a, asOf)
  for (const [id, a] of s.alerts) {
    const version = s.versions.get(id) ?? 0
    if ((sound && version > asOf) || (a.state === 'closed' && !alerts.has(id))) put(a, version)
  }
  const closed = s.closed.filter((id) => alerts.get(id)?.state === 'closed')
  return { ...s, last: sound ? s.last : asOf, alerts, versions, closed, broken: false }
}

export function applyFrame(s: LiveState, f: Frame): LiveState {
  if (f.type === 'hello') {
    // A server whose newest number is older than ours has another history
    // (restored from a backup): what we hold means nothing there.
    const newest = (f as { event: number }).event
    return s.last !== null && newest < s.last ? { ...s, broken: 'reset' } : s
  }
  if (f.type === 'beat') {
    const b = f as { data_as_of?: string | null }
    return b.data_as_of && b.data_as_of !== s.dataAsOf ? { ...s, dataAsOf: b.data_as_of } : s
  }
  if (f.type === 'reset') return { ...s, broken: 'reset' }
  return applyChange(s, f as ChangeFrame)
}

function applyChange(s: LiveState, f: ChangeFrame): LiveState {
  // Without a list there is nothing a change could be held against.
  if (s.last === null || s.broken) return s
  if (f.event <= s.last) return s
  // prev may lie before our number (the list was newer than the last change we
  // may see), never behind it.
  if (f.prev > s.last) return { ...s, broken: 'gap' }
  let next: LiveState = { ...s, last: f.event }
  if (f.alert && f.event > (s.versions.get(f.alert.id) ?? -1)) next = putAlert(next, f, f.alert)
  if (f.gone) next = dropAlert(next, f.gone)
  if (f.visit) next = { ...next, visits: putNewest(next.visits, f.visit.id, f.visit, keepVisits) }
  return next
}

function putAlert(s: LiveState, f: ChangeFrame, a: Alert): LiveState {
  const before = s.alerts.get(a.id)
  const alerts = new Map(s.alerts).set(a.id, a)
  const versions = new Map(s.versions).set(a.id, f.event)
  let closed = s.closed.filter((id) => id !== a.id)
  if (a.state === 'closed') {
    closed = [...closed, a.id]
    while (closed.length > keepClosed) {
      const gone = closed[0]!
      closed = closed.slice(1)
      alerts.delete(gone)
      versions.delete(gone)
    }
  }
  // A new episode on a recovered alert rings again: it counts as news, too.
  const rings = a.state === 'open' && !a.silenced && (before === undefined || !!before.silenced || before.state !== 'open' || severityRank(a.severity) < severityRank(before.severity))
  const news = rings ? [...s.news, { event: f.event, alert: a }].slice(-keepNews) : s.news
  return { ...s, alerts, versions, closed, news }
}

/** An alert that is another provider's from now on. */
function dropAlert(s: LiveState, id: string): LiveState {
  const alerts = new Map(s.alerts)
  const versions = new Map(s.versions)
  alerts.delete(id)
  versions.delete(id)
  return { ...s, alerts, versions, closed: s.closed.filter((c) => c !== id), news: s.news.filter((n) => n.alert.id !== id) }
}

function putNewest<V>(m: ReadonlyMap<string, V>, key: string, value: V, keep: number): ReadonlyMap<string, V> {
  const out = new Map(m)
  out.delete(key)
  out.set(key, value)
  for (const k of out.keys()) {
    if (out.size <= keep) break
    out.delete(k)
  }
  return out
}

export function severityRank(s: string): number {
  const i = ['red', 'orange', 'yellow', 'blue'].indexOf(s)
  return i < 0 ? 4 : i
}

/** The worklist: old stories last; then most urgent first, what nobody has answered before the rest, then what rang last. */
export function worklist(s: LiveState): Alert[] {
  return [...s.alerts.values()].filter((a) => a.state !== 'closed').sort(byUrgency)
}

export function byUrgency(a: Alert, b: Alert): number {
  return Number(a.late || !!a.frozen) - Number(b.late || !!b.frozen)
    || severityRank(a.severity) - severityRank(b.severity)
    || Number(b.state === 'open') - Number(a.state === 'open')
    || b.rang_at.localeCompare(a.rang_at)
    || a.id.localeCompare(b.id)
}

/** Alerts that must be heard: red, nobody has answered them, and not an old story. */
export function sounding(s: LiveState): Alert[] {
  return [...s.alerts.values()].filter((a) => a.severity === 'red' && a.state === 'open' && !a.late && !a.frozen)
}
