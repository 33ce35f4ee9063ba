// Times as people in the county read them: always Asia/Shanghai, whatever the
// computer is set to.
import type { Translate } from './word'

export const zone = 'Asia/Shanghai'

const parts = new Intl.DateTimeFormat('en-CA', {
  timeZone: zone, hourCycle: 'h23',
  year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit',
})

interface Wall { year: string; month: string; day: string; hour: string; minute: string; second: string }

function wall(ms: number): Wall {
  const out: Record<string, string> = {}
  for (const p of parts.formatToParts(ms)) out[p.type] = p.value
  return out as unknown as Wall
}

export type When = string | number | Date | null | undefined

/** Milliseconds, or null for an absent, zero or unreadable time. */
export function ms(t: When): number | null {
  if (t === null || t === undefined || t === '') return null
  const n = typeof t === 'number' ? t : t instanceof Date ? t.getTime() : Date.parse(t)
  // Go's zero time is the year 1: an absent one.
  return Number.isNaN(n) || n < Date.UTC(1971, 0, 1) ? null : n
}

export function clock(t: When): string {
  const n = ms(t)
  if (n === null) return '—'
  const w = wall(n)
  return `${w.hour}:${w.minute}:${w.second}`
}

export function dateOf(t: When): string {
  const n = ms(t)
  if (n === null) return '—'
  const w = wall(n)
  return `${w.year}-${w.month}-${w.day}`
}

/** "今天 08:05", "昨天 21:30", "11-20 08:05", with the year when it is another one. */
export function moment(t: When, now: number, tr: Translate): string {
  const n = ms(t)
  if (n === null) return '—'
  const w = wall(n)
  const hm = `${w.hour}:${w.minute}`
  const day = dateOf(n)
  const dayMs = 86_400_000
  if (day === dateOf(now)) return `${tr('time.today')} ${hm}`
  if (day === dateOf(now - dayMs)) return `${tr('time.yesterday')} ${hm}`
  if (day === dateOf(now + dayMs)) return `${tr('time.tomorrow')} ${hm}`
  return w.year === wall(now).year ? `${w.month}-${w.day} ${hm}` : `${day} ${hm}`
}

/** To the second, for histories. */
export function full(t: When): string {
  const n = ms(t)
  return n === null ? '—' : `${dateOf(n)} ${clock(n)}`
}

/** A length of time in words, never negative: clocks of two machines may differ. */
export function duration(milliseconds: number, tr: Translate): string {
  const s = Math.max(0, Math.floor(milliseconds / 1000))
  if (s < 60) return tr('time.seconds', { n: s })
  const m = Math.floor(s / 60)
  if (m < 60) return tr('time.minutes', { n: m })
  const h = Math.floor(m / 60)
  if (h < 24) return m % 60 === 0 ? tr('time.hours', { n: h }) : tr('time.hoursMinutes', { h, m: m % 60 })
  if (h % 24 === 0) return tr('time.days', { n: h / 24 })
  return tr('time.daysHours', { d: Math.floor(h / 24), h: h % 24 })
}

/** Start of the day (Shanghai, which has no daylight saving) that contains t. */
export function startOfDay(t: number): number {
  const w = wall(t)
  return Date.parse(`${w.year}-${w.month}-${w.day}T00:00:00+08:00`)
}
