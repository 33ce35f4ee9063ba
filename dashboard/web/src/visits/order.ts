// Which visits are shown where: overdue first, then by the time they are due.
import type { Visit } from '@/api/types'
import { ms, startOfDay } from '@/words/time'

export interface Groups { overdue: Visit[]; today: Visit[]; later: Visit[]; done: Visit[] }

const dayMs = 86_400_000

/** `done` holds what was reported today, `waiting` ids count as done for the one who reported. */
export function groups(visits: readonly Visit[], now: number, waiting: ReadonlySet<string>): Groups {
  const out: Groups = { overdue: [], today: [], later: [], done: [] }
  const dayEnd = startOfDay(now) + dayMs
  for (const v of visits) {
    if (v.state === 'canceled') continue
    const due = ms(v.due) ?? now
    if (v.state === 'reported' || waiting.has(v.id)) {
      if (waiting.has(v.id) || (ms(v.report?.received ?? null) ?? 0) >= startOfDay(now)) out.done.push(v)
    } else if (due < now) out.overdue.push(v)
    else if (due < dayEnd) out.today.push(v)
    else out.later.push(v)
  }
  const byDue = (a: Visit, b: Visit) => (ms(a.due) ?? 0) - (ms(b.due) ?? 0) || a.id.localeCompare(b.id)
  for (const g of Object.values(out) as Visit[][]) g.sort(byDue)
  return out
}
