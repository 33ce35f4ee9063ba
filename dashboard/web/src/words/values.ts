// Single values of an alert's evidence, read with care and put into words.
import type { Alert } from '@/api/types'
import { moment, ms } from './time'
import { word, type Translate } from './word'

export type Evidence = Record<string, unknown>
export type Described = Pick<Alert, 'kind' | 'evidence' | 'rule'> & Partial<Pick<Alert, 'severity' | 'subject'>>

/** Reads evidence values and remembers which ones a sentence has used. */
export class Values {
  readonly e: Evidence
  readonly used = new Set<string>()

  constructor(readonly alert: Described, readonly now: number, readonly t: Translate) {
    this.e = alert.evidence ?? {}
  }

  num(key: string): number | null {
    const v = this.e[key]
    if (typeof v !== 'number' || !Number.isFinite(v)) return null
    this.used.add(key)
    return v
  }

  /** A number in words, null when there is none. */
  text(key: string, decimals = 1): string | null {
    const v = this.num(key)
    return v === null ? null : number(v, decimals)
  }

  str(key: string): string | null {
    const v = this.e[key]
    if (typeof v !== 'string' || v === '') return null
    this.used.add(key)
    return v
  }

  flag(key: string): boolean | null {
    const v = this.e[key]
    if (typeof v !== 'boolean') return null
    this.used.add(key)
    return v
  }

  time(key: string): string | null {
    const v = this.e[key]
    const n = typeof v === 'string' || typeof v === 'number' ? ms(v) : null
    if (n === null) {
      // A zero time says nothing; it shall not turn up in the table either.
      if (typeof v === 'string' && v.startsWith('0001-')) this.used.add(key)
      return null
    }
    this.used.add(key)
    return moment(n, this.now, this.t)
  }

  millis(key: string): number | null {
    const v = this.e[key]
    return typeof v === 'string' ? ms(v) : null
  }

  list(key: string): unknown[] | null {
    const v = this.e[key]
    if (!Array.isArray(v)) return null
    this.used.add(key)
    return v
  }

  /** Takes values out of the table that say nothing to the reader. */
  skip(...keys: string[]) {
    for (const k of keys) if (k in this.e) this.used.add(k)
  }

  /** The sentence, "" when one of its values is missing. */
  say(key: string, params: Record<string, unknown> = {}): string {
    return Object.values(params).some((v) => v === null || v === undefined || v === '') ? '' : this.t(`evidence.${key}`, params)
  }
}

/** A number as people write it: at most the given decimals, no trailing zeros. */
export function number(v: number, decimals = 0): string {
  const s = v.toFixed(decimals)
  return decimals > 0 ? s.replace(/\.?0+$/, '') : s
}

export function unitOf(metric: string, t: Translate): string {
  switch (metric) {
    case 'heart_rate_bpm':
    case 'resp_rate_bpm':
      return t('unit.perMinute')
    case 'steps':
      return t('unit.steps')
    case 'volume_m3':
      return 'm³'
    case 'flow_m3h':
      return 'm³/h'
    case 'spo2_pct':
    case 'battery_pct':
      return '%'
    case 'body_temp_c':
    case 'skin_temp_c':
    case 'water_temp_c':
      return '℃'
    case 'systolic_mmhg':
    case 'diastolic_mmhg':
      return 'mmHg'
    case 'pressure_kpa':
      return 'kPa'
    case 'battery_v':
      return 'V'
    case 'rssi_dbm':
      return 'dBm'
    case 'accuracy_m':
      return 'm'
    case 'lat_deg':
    case 'lon_deg':
      return '°'
  }
  return ''
}

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d/

/** Any value, for the table of what no sentence used. */
export function plain(key: string, v: unknown, now: number, t: Translate): string {
  if (v === null || v === undefined) return '—'
  if (typeof v === 'number') return String(Math.round(v * 1000) / 1000)
  if (typeof v === 'boolean') return v ? t('app.yes') : t('app.no')
  if (typeof v === 'string') {
    if (isoTime.test(v)) return moment(v, now, t)
    if (key === 'metric') return word(t, 'metric', v)
    if (key === 'event') return word(t, 'deviceEvent', v)
    return v
  }
  if (Array.isArray(v)) return v.map((x) => plain(key, x, now, t)).join(', ')
  return JSON.stringify(v)
}
