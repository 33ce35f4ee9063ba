// What the field page asks of the server.
import { Problem, timeLimit, type Client } from '@/api/client'
import type { Area, Caller, Visit } from '@/api/types'
import type { Card, Entry, Taken, Waiting } from './types'

export interface FieldApi {
  session(): Promise<Caller>
  signIn(username: string, password: string): Promise<Caller>
  signOut(): Promise<void>
  areas(): Promise<Area[]>
  cards(): Promise<{ items: Card[]; more: boolean }>
  card(visit: string): Promise<Card | undefined>
  putHome(resident: string, home: { position?: { lat_deg: number; lon_deg: number; accuracy_m: number }; note?: string }): Promise<unknown>
  send(w: Waiting): Promise<Taken>
}

/** A photo may take long over a bad line. */
const photoMs = 90_000

const paths: Record<Exclude<Waiting['kind'], 'photo' | 'start'>, string> = { checkin: 'checkin', checkout: 'checkout', checklist: 'checklist', report: 'report' }

export function createFieldApi(c: Client): FieldApi {
  const visit = (id: string) => `/visits/${encodeURIComponent(id)}`
  /** Somebody may have set off before; then there is nothing to tell. */
  async function start(path: string): Promise<Taken> {
    try {
      return { visit: await c.post<Visit>(`${path}/start`), conflict: '' }
    } catch (e) {
      if (!(e instanceof Problem) || e.status !== 409) throw e
      const v = await c.get<Visit>(path)
      return { visit: v, conflict: v.state === 'canceled' ? 'canceled' : '' }
    }
  }
  return {
    session: () => c.get<Caller>('/session'),
    signIn: (username, password) => c.post<Caller>('/session', { username, password }),
    signOut: () => c.delete('/session'),
    areas: () => c.get<{ items: Area[] }>('/areas').then((r) => r.items),
    cards: () => c.get<{ items: Card[]; more: boolean }>('/field'),
    card: (id) => c.get<{ items: Card[] }>('/field', { visit: id }).then((r) => r.items[0]),
    putHome: (resident, home) => c.post(`/residents/${encodeURIComponent(resident)}/home`, home),
    async send(w) {
      // Our clock as it is now tells the server by how much it is off.
      const sent = new Date().toISOString()
      if (w.kind === 'photo') return entered(await sendPhoto(visit(w.visit), w, sent))
      if (w.kind === 'start') return start(visit(w.visit))
      const body = { ...w.body, uuid: w.uuid, at: w.at, sent }
      const path = `${visit(w.visit)}/${paths[w.kind]}`
      if (w.kind !== 'report') return entered(await c.post<{ entry: Entry; visit: Visit }>(path, body, 30_000))
      const v = await c.post<Visit>(path, body, 30_000)
      const mine = v.report?.uuid === w.uuid
      return { visit: v, conflict: mine ? v.report?.conflict ?? '' : 'reported' }
    },
  }
}

function entered(r: { entry: Entry; visit: Visit }): Taken {
  return { visit: r.visit, entry: r.entry, conflict: r.entry.conflict ?? '' }
}

async function sendPhoto(path: string, w: Waiting, sent: string): Promise<{ entry: Entry; visit: Visit }> {
  const query = new URLSearchParams({ uuid: w.uuid, at: w.at, sent })
  let answer: Response
  try {
    answer = await fetch(`/api/v1${path}/photos?${query}`, {
      method: 'POST', credentials: 'same-origin', body: w.photo, headers: { 'Content-Type': 'image/jpeg' }, signal: timeLimit(photoMs),
    })
  } catch (e) {
    throw new Problem(0, 'unreachable', String(e))
  }
  const doc = await answer.json().catch(() => ({})) as Record<string, unknown>
  if (!answer.ok) throw new Problem(answer.status, String(doc.title ?? answer.statusText), String(doc.detail ?? ''), doc)
  return doc as unknown as { entry: Entry; visit: Visit }
}
