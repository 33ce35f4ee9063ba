// The rules by part, as people read and change them: which settings there are, in
// which unit. What is not listed (safe places, vendors) stays as it is.
import type { RulesBody, RuleScope } from '@/api/types'
import { number } from '@/words/values'
import type { Translate } from '@/words'

export type Unit = 'l' | 'lh' | 'h' | 'min' | 'd' | 's' | 'pct' | 'bpm' | 'c' | 'mmhg' | 'm' | 'times' | 'n' | 'share' | 'clock' | 'z'

export interface Field {
  /** Where it is in the rules. */
  path: string
  kind: 'number' | 'length' | 'steps' | 'choice' | 'flag'
  unit: Unit
  choices?: readonly string[]
  /** Not among the first to be shown. */
  more?: boolean
  /** Zero means that there is none. */
  zeroIsNone?: boolean
}

export interface Part { id: string; fields: Field[] }

const n = (path: string, unit: Unit, more = false): Field => ({ path, kind: 'number', unit, more })
const d = (path: string, unit: Unit, more = false): Field => ({ path, kind: 'length', unit, more })

/** The bounds of one vital sign; high ones of what cannot be too high are rarely set. */
const vital = (name: string, unit: Unit, more = false): Field[] =>
  ['low', 'high', 'extreme_low', 'extreme_high', 'margin'].map((b) => ({
    path: `vitals.${name}.${b}`, kind: 'number', unit, zeroIsNone: b !== 'margin', more: more || b === 'margin' || (name.startsWith('spo2') && b.endsWith('high')),
  }))

export const parts: readonly Part[] = [
  { id: 'water_inactivity', fields: [
    { path: 'water_inactivity.sensitivity', kind: 'choice', unit: 'n', choices: ['fixed', 'quietest', 'quiet', 'balanced', 'early', 'earliest'] },
    n('water_inactivity.limit_l', 'l'), d('water_inactivity.window', 'h'),
  ] },
  { id: 'vitals', fields: [
    ...vital('heart_rate', 'bpm'), ...vital('spo2', 'pct'), ...vital('body_temp', 'c'), ...vital('systolic', 'mmhg'), ...vital('resp_rate', 'bpm', true), ...vital('spo2_scale_2', 'pct', true),
    n('vitals.confirm', 'n'), n('vitals.window', 'n'), d('vitals.not_worn', 'h'), n('vitals.spo2_scale', 'n', true), n('vitals.personal_low', 'bpm', true), d('vitals.clear', 'min', true),
  ] },
  { id: 'devices', fields: [d('silence.band', 'min'), d('silence.meter', 'h'), d('silence.meter_visit', 'h'), n('low_battery_pct', 'pct')] },
  { id: 'answer', fields: [
    ...['red', 'orange', 'yellow', 'blue'].map((s): Field => ({ path: `escalation.${s}`, kind: 'steps', unit: 'min' })),
    ...['red', 'orange', 'yellow', 'blue'].map((s): Field => ({ ...d(`ack_timeout.${s}`, 'min', s === 'yellow' || s === 'blue'), zeroIsNone: true })),
    ...['red', 'orange', 'yellow', 'blue'].map((s): Field => ({ ...d(`tell_again.${s}`, 'min', s === 'yellow' || s === 'blue'), zeroIsNone: s !== 'red' })),
    ...['red', 'orange', 'yellow', 'blue'].map((s): Field => d(`visit_due.${s}`, s === 'red' ? 'min' : 'h')), d('raise_again', 'h'), d('late', 'h', true), n('field.check_in_m', 'm'), n('field.accuracy_m', 'm', true),
  ] },
  { id: 'visits', fields: [
    ...['red', 'yellow', 'green'].map((s): Field => ({ ...d(`visits.every_${s}`, 'd'), zeroIsNone: true })), n('visits.home_pct', 'pct'), n('visits.callbacks', 'n'), n('visits.per_day', 'n'),
    { path: 'visits.daily_call', kind: 'flag', unit: 'n' }, n('visits.tries', 'n'), { path: 'visits.neighbour', kind: 'flag', unit: 'n' },
  ] },
  { id: 'water_use', fields: [
    n('water_use.leak_l_per_h', 'lh'), d('water_use.leak_window', 'h'), n('water_use.burst_l', 'l'), n('water_use.burst_factor', 'times'), n('water_use.high_l', 'l'), n('water_use.night_l', 'l'),
    d('water_use.seep_window', 'h', true), n('water_use.burst_unknown_l', 'l', true), n('water_use.high_factor', 'times', true), n('water_use.high_floor_l', 'l', true),
    n('water_use.routine_z', 'z', true), n('water_use.routine_share', 'share', true), d('water_use.routine_first', 'min', true), d('water_use.routine_every', 'd', true),
  ] },
  { id: 'position', fields: [
    n('position.fence_m', 'm'), n('position.home_m', 'm'), { path: 'position.wandering', kind: 'flag', unit: 'n' }, n('position.night_from', 'clock'), n('position.night_to', 'clock'),
    n('position.wander_m', 'm', true), n('position.fixes', 'n', true),
  ] },
  { id: 'trend', fields: [
    n('vitals.trend.night_yellow', 'bpm'), n('vitals.trend.night_red', 'bpm'), n('vitals.trend.z', 'z'), n('vitals.trend.learn_days', 'd'),
    n('vitals.trend.hours', 'h', true), d('vitals.trend.rest', 'min', true), n('vitals.trend.mad_floor', 'bpm', true), n('vitals.trend.night_alert', 'n', true), n('vitals.trend.night_run', 'n', true), n('vitals.trend.night_z', 'z', true),
  ] },
  { id: 'together', fields: [d('together.pulseless', 'min'), d('together.no_water', 'h'), d('together.not_returned', 'h'), n('together.steps', 'n', true)] },
  { id: 'quiet', fields: [d('quiet.silence_most', 'h'), n('quiet.flap_rings', 'n'), d('quiet.flap_within', 'min'), d('quiet.handover', 'min')] },
  { id: 'storm', fields: [n('storm.devices', 'n'), d('storm.window', 'min'), n('storm.back', 'share', true), n('storm.homes', 'n'), n('storm.dry', 'share')] },
]

export const fields: readonly Field[] = parts.flatMap((p) => p.fields)

const unitMs: Partial<Record<Unit, number>> = { s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a length as the API writes it, "24h0m0s"; null when it is none. */
export function lengthMs(text: unknown): number | null {
  if (typeof text !== 'string' || !/^([\d.]+(h|ms|m|s))+$/.test(text)) return null
  let sum = 0
  for (const [, v, u] of text.matchAll(/([\d.]+)(h|ms|m|s)/g)) sum += Number(v) * { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }[u as 'h' | 'm' | 's' | 'ms']
  return sum
}

/** A length as the API takes it. */
export function lengthText(ms: number): string {
  return ms % 3_600_000 === 0 ? `${ms / 3_600_000}h` : ms % 60_000 === 0 ? `${ms / 60_000}m` : `${Math.round(ms / 1000)}s`
}

export function valueAt(rules: object, path: string): unknown {
  return path.split('.').reduce<unknown>((o, k) => (typeof o === 'object' && o !== null ? (o as Record<string, unknown>)[k] : undefined), rules)
}

/** The rules, or a part of them, with one value changed. */
export function withValue<T extends object>(rules: T, path: string, value: unknown): T {
  const put = (o: Record<string, unknown>, keys: string[]): Record<string, unknown> => {
    const [k, ...rest] = keys
    return { ...o, [k!]: rest.length === 0 ? value : put((o[k!] ?? {}) as Record<string, unknown>, rest) }
  }
  return put(rules as unknown as Record<string, unknown>, path.split('.')) as unknown as T
}

/** What stands in the form for a value: text, in the field's unit. */
export function toInput(f: Field, value: unknown): string {
  const one = (v: unknown) => { const ms = lengthMs(v); return ms === null ? '' : number(ms / (unitMs[f.unit] ?? 1), 2) }
  switch (f.kind) {
    case 'length': return one(value)
    case 'steps': return Array.isArray(value) ? value.map(one).join(', ') : ''
    case 'flag': return value === true ? 'on' : 'off'
    case 'number': return typeof value === 'number' ? number(f.unit === 'share' ? value * 100 : value, 3) : ''
    default: return typeof value === 'string' ? value : ''
  }
}

/** The value of what stands in the form; undefined when it is none. */
export function fromInput(f: Field, text: string): unknown {
  const num = (s: string) => (s.trim() === '' || !Number.isFinite(Number(s)) || Number(s) < 0 ? undefined : Number(s))
  const length = (s: string) => { const v = num(s); return v === undefined ? undefined : lengthText(Math.round(v * (unitMs[f.unit] ?? 1))) }
  switch (f.kind) {
    case 'length': return length(text)
    case 'steps': {
      const all = text.split(/[,，、\s]+/).filter((s) => s !== '').map(length)
      return all.includes(undefined) ? undefined : all
    }
    case 'flag': return text === 'on'
    case 'number': { const v = num(text); return v !== undefined && f.unit === 'share' ? v / 100 : v }
    default: return text
  }
}

/** Units that are the same in every language. */
const signs: Partial<Record<Unit, string>> = { pct: '%', share: '%', c: '℃', mmhg: 'mmHg', n: '' }

export function unitWord(u: Unit, t: Translate): string {
  return signs[u] ?? t(`rules.unit.${u}`)
}

/** The value in words, with its unit. */
export function inWords(f: Field, value: unknown, t: Translate): string {
  if (f.kind === 'choice') return t(`sensitivity.${String(value)}`)
  const text = toInput(f, value)
  if (f.kind === 'flag') return t(`rules.${text}`)
  if (text === '' || (f.zeroIsNone && text === '0')) return t('rules.none')
  return `${text} ${unitWord(f.unit, t)}`.trim()
}

const vitalWord: Record<string, string> = {
  heart_rate: 'metric.heart_rate_bpm', spo2: 'metric.spo2_pct', body_temp: 'metric.body_temp_c', systolic: 'metric.systolic_mmhg', resp_rate: 'metric.resp_rate_bpm', spo2_scale_2: 'rules.spo2_scale_2',
}

export function labelOf(f: Pick<Field, 'path'>, t: Translate): string {
  const [, name, bound] = f.path.split('.')
  if (f.path.startsWith('vitals.') && name && vitalWord[name]) return `${t(vitalWord[name])} ${t(`rules.bound.${bound}`)}`
  return t(`rules.field.${f.path.replace(/^vitals\.trend/, 'trend')}`)
}

/** Which settings differ, by what is written for them. */
export function differences(a: RulesBody, b: RulesBody): Field[] {
  return fields.filter((f) => toInput(f, valueAt(a, f.path)) !== toInput(f, valueAt(b, f.path)))
}

/** Whether two scopes are of the same people. A resident's stands for itself: area and tier change. */
export function sameScope(a: RuleScope, b: RuleScope): boolean {
  if (a.resident || b.resident) return a.resident === b.resident
  return (a.area ?? '') === (b.area ?? '') && (a.tier ?? '') === (b.tier ?? '')
}

/** The settings that a part of the rules has, of those the page knows. */
export function settingsOf(part: object): Field[] {
  return fields.filter((f) => valueAt(part, f.path) !== undefined)
}
