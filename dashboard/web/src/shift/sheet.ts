// The lines of a hand-over sheet by section, and when a silence is about to end.
import type { Sheet, SheetLine, Silence } from '@/api/types'
import { ms } from '@/words/time'

export const sections = ['case', 'callback', 'silence', 'silent'] as const
export type Section = (typeof sections)[number]

/** What is signed in an hour or less is shown as ending soon. */
const soonMs = 60 * 60_000

export function bySection(lines: readonly SheetLine[]): Record<Section, SheetLine[]> {
  const out: Record<Section, SheetLine[]> = { case: [], callback: [], silence: [], silent: [] }
  for (const l of lines) out[l.section as Section]?.push(l)
  return out
}

/** Whether the silence goes on. */
export function runs(s: Pick<Silence, 'until' | 'ended_at'>, now: number): boolean {
  return s.ended_at === null && (ms(s.until) ?? 0) > now
}

export function endsSoon(s: Pick<Silence, 'until' | 'ended_at'>, now: number): boolean {
  return runs(s, now) && (ms(s.until) ?? 0) - now <= soonMs
}

/** Waits for longer than it may. */
export function overdue(s: Pick<Sheet, 'state' | 'due_at'>, now: number): boolean {
  return s.state === 'waiting' && (ms(s.due_at) ?? 0) <= now
}

/** The remarks that were written, as the API takes them. */
export function remarksOf(remarks: ReadonlyMap<string, string>): { alert: string; text: string }[] {
  return [...remarks].map(([alert, text]) => ({ alert, text: text.trim() })).filter((r) => r.text !== '')
}
