// Rotas, steps and gaps in words.
import type { components } from '@/api/schema'
import { zone } from '@/words/time'
import { word, type Translate } from '@/words'

type S = components['schemas']
export type DutyNow = S['NowOut']
export type Colleague = S['Colleague']
export type Policies = S['PoliciesOut']
export type EffectivePolicy = S['EffectivePolicy']
export type Policy = S['Policy']
export type Step = S['Step']
export type Target = S['Target']
export type Rotas = S['RotasOut']
export type Rota = S['RotaView']
export type Shift = S['Shift']
export type Override = S['Override']
export type Holiday = S['Holiday']
export type Coverage = S['CoverageOut']
export type DutySettings = S['Settings']
export type NightRule = S['NightRule']
export type RosterChange = S['RosterChange']
export type Sighting = S['Sighting']

/** When a step is taken, after the alert began to ring. */
export function stepsText(seconds: number, t: Translate): string {
  if (seconds === 0) return t('duty.atOnce')
  if (seconds < 180 || seconds % 60 !== 0) return t('duty.seconds', { n: seconds })
  return seconds % 3600 === 0 ? t('duty.hours', { n: seconds / 3600 }) : t('duty.minutes', { n: seconds / 60 })
}

export function targetText(x: Target, t: Translate, rotaName: (id: string) => string, personName: (user: string) => string): string {
  if (x.user) return personName(x.user)
  if (x.rota) return t('duty.onRota', { name: rotaName(x.rota) })
  if (x.provider) return t('duty.provider')
  const role = word(t, 'role', x.role ?? '')
  return x.level ? t('duty.ofLevel', { role, level: word(t, 'areaLevel', x.level) }) : role
}

const day = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' })
const hour = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

export interface ShiftRow { day: string; from: string; to: string; nextDay: boolean; people: readonly string[] }

export function shiftRow(s: Shift): ShiftRow {
  const from = new Date(s.from)
  const to = new Date(s.to)
  const end = hour.format(to)
  const nextDay = day.format(to) !== day.format(from)
  return { day: day.format(from), from: hour.format(from), to: end === '00:00' ? '24:00' : end, nextDay: nextDay && end !== '00:00', people: s.people }
}

/** Today in the county, as 2026-11-23. */
export const today = (now: number) => day.format(new Date(now))

/** A date some days on. */
export function daysOn(date: string, n: number): string {
  const d = new Date(`${date}T00:00:00Z`)
  d.setUTCDate(d.getUTCDate() + n)
  return d.toISOString().slice(0, 10)
}

/** What a field for date and time holds, in the county's time, for the server. */
export const fromLocal = (v: string) => `${v}:00+08:00`
/** Its inverse, to the minute. */
export const toLocal = (at: string) => new Date(Date.parse(at) + 8 * 3_600_000).toISOString().slice(0, 16)
/** A shift as its form holds it. */
export interface ShiftEntry { from: string; to: string; people: string[] }
