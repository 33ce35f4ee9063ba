// How far a visit is: what the server has of it, and what still waits on the phone.
import { ms } from '@/words/time'
import type { Outcome } from '@/api/types'
import type { Card, DoorStep, StepResult, Waiting } from './types'

export type Stage = 'planned' | 'started' | 'arrived' | 'done' | 'left'
export type Delivery = 'sent' | 'waiting' | 'refused'

export interface Step { step: DoorStep; result: StepResult; at: number; note: string; waiting: boolean }

export interface Progress {
  stage: Stage
  arrivedAt: number | null
  leftAt: number | null
  outcome: Outcome | null
  reportedAt: number | null
  steps: Map<DoorStep, Step>
  photos: number
  delivery: Delivery
  /** Minutes between check-in and check-out. */
  minutes: number | null
}

export function progressOf(card: Card, entries: readonly Waiting[]): Progress {
  const mine = entries.filter((w) => w.visit === card.visit.id)
  const local = (kind: Waiting['kind']) => mine.filter((w) => w.kind === kind)
  const at = (w: Waiting | undefined) => (w ? ms(w.at) : null)
  const report = local('report').pop()
  const arrivedAt = earliest(ms(card.visit.arrived_at), at(local('checkin')[0]))
  const leftAt = ms(card.visit.left_at) ?? at(local('checkout').pop())
  const outcome = (report?.body.outcome as Outcome | undefined) ?? card.visit.report?.outcome ?? null
  const reportedAt = at(report) ?? ms(card.visit.report?.at ?? null)
  const steps = new Map<DoorStep, Step>()
  for (const e of card.entries) {
    if (e.kind === 'checklist' && e.step) steps.set(e.step as DoorStep, { step: e.step as DoorStep, result: e.result as StepResult, at: ms(e.at) ?? 0, note: e.note ?? '', waiting: false })
  }
  for (const w of local('checklist')) {
    const step = w.body.step as DoorStep
    steps.set(step, { step, result: w.body.result as StepResult, at: ms(w.at) ?? 0, note: String(w.body.note ?? ''), waiting: true })
  }
  const stage: Stage = outcome ? (leftAt !== null ? 'left' : 'done') : arrivedAt !== null ? 'arrived' : card.visit.state === 'started' || local('start').length > 0 ? 'started' : 'planned'
  return {
    stage, arrivedAt, leftAt, outcome, reportedAt, steps,
    photos: card.entries.filter((e) => e.kind === 'photo').length + local('photo').length,
    delivery: mine.some((w) => w.refused !== undefined) ? 'refused' : mine.length > 0 ? 'waiting' : 'sent',
    minutes: arrivedAt !== null && leftAt !== null && leftAt >= arrivedAt ? Math.round((leftAt - arrivedAt) / 60_000) : null,
  }
}

function earliest(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}
