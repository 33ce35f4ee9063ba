// When the next call can be promised: soon, within the shift, tomorrow morning.
import type { Translate } from '@/words'
import { dateOf, duration, moment } from '@/words/time'

const minute = 60_000

export function promises(now: number, t: Translate): { value: string; label: string }[] {
  const soon = [10, 20, 30, 60, 120, 240].map((n) => ({ at: Math.ceil(now / minute) * minute + n * minute, label: t('life.in', { time: duration(n * minute, t) }) }))
  const morning = Date.parse(`${dateOf(now + 24 * 60 * minute)}T09:00:00+08:00`)
  return [...soon.map((s) => ({ value: new Date(s.at).toISOString(), label: `${s.label}（${moment(s.at, now, t).split(' ').at(-1)}）` })),
    { value: new Date(morning).toISOString(), label: moment(morning, now, t) }]
}
