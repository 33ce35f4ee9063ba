// Puts an alert's evidence into words. The server stores plain values (what was
// expected, what was seen); the sentence is made here, in the reader's language.
import type { Alert } from '@/api/types'
import { duration, moment, ms } from './time'
import { word, type Translate } from './index'

export interface Described {
  /** What was found, most important first; whole sentences. */
  sentences: string[]
  /** The values no sentence used. */
  facts: { key: string; label: string; value: string }[]
  /** What to do first. */
  advice: string
}

type Evidence = Record<string, unknown>

export function describe(a: Pick<Alert, 'kind' | 'evidence' | 'rule'>, now: number, t: Translate): Described {
  const e = a.evidence ?? {}
  const used = new Set<string>()
  const w = new Words(e, used, now, t)
  const sentences = sentencesOf(a.kind, w).filter((s) => s !== '')
  if (sentences.length === 0) sentences.push(t('evidence.generic', { rule: a.rule?.id || word(t, 'kind', a.kind) }))
  const facts = Object.keys(e).filter((k) => !used.has(k)).map((k) => ({
    key: k, label: word(t, 'evidence.key', k), value: plain(k, e[k], now, t),
  }))
  return { sentences, facts, advice: t(`advice.${adviceFor[a.kind] ?? 'soft'}`) }
}

const adviceFor: Record<string, string> = {
  sos: 'sos', fall: 'fall', no_sign_of_life: 'no_sign_of_life', water_inactivity: 'water_inactivity',
  heart_rate: 'vital', spo2: 'vital', body_temp: 'vital', blood_pressure: 'vital', resp_rate: 'vital',
  geofence: 'place', wandering: 'place', not_returned: 'place',
  water_burst: 'water', water_leak: 'water', water_high_use: 'water',
  not_worn: 'device', device_silent: 'device', device_fault: 'device', low_battery: 'device',
  data_outage: 'outage', canary: 'system', vital_trend: 'soft', routine_change: 'soft',
}

/** Reads evidence values and remembers which ones a sentence has used. */
class Words {
  constructor(readonly e: Evidence, private used: Set<string>, readonly now: number, readonly t: Translate) {}

  num(key: string): number | null {
    const v = this.e[key]
    if (typeof v !== 'number' || !Number.isFinite(v)) return null
    this.used.add(key)
    return v
  }

  str(key: string): string | null {
    const v = this.e[key]
    if (typeof v !== 'string' || v === '') return null
    this.used.add(key)
    return v
  }

  time(key: string): string | null {
    const v = this.e[key]
    const n = typeof v === 'string' || typeof v === 'number' ? ms(v) : null
    if (n === null) {
      // A zero time says nothing; it shall not turn up in the table either.
      if (key in this.e && typeof v === 'string' && v.startsWith('0001-')) this.used.add(key)
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
}

function sentencesOf(kind: string, w: Words): string[] {
  switch (kind) {
    case 'sos':
    case 'fall':
      return call(kind, w)
    case 'water_inactivity':
      return inactivity(w)
    case 'no_sign_of_life': {
      const from = w.time('last_use') ?? w.time('from')
      return from ? [w.t('evidence.noLife', { from })] : []
    }
    case 'heart_rate':
    case 'spo2':
    case 'body_temp':
    case 'blood_pressure':
    case 'resp_rate':
      return vital(w)
    case 'device_silent':
      return silent(w)
    case 'low_battery':
      return battery(w)
    case 'device_fault':
    case 'not_worn': {
      const event = w.str('event')
      const time = w.time('at')
      return event && time ? [w.t('evidence.deviceEvent', { time, event: word(w.t, 'deviceEvent', event) })] : []
    }
    case 'water_leak': {
      const time = w.e.event === 'leak' ? w.time('at') : null
      if (!time) return []
      w.str('event')
      return [w.t('evidence.leakEvent', { time })]
    }
    case 'data_outage': {
      const n = w.num('count') ?? w.list('devices')?.length ?? null
      const since = w.time('from') ?? w.time('at')
      return [n === null ? '' : w.t('evidence.outage', { n }), since ? w.t('evidence.outageSince', { time: since }) : '']
    }
    case 'canary':
      return [w.t('evidence.canary')]
  }
  return []
}

function call(kind: 'sos' | 'fall', w: Words): string[] {
  const time = w.time('at')
  const out = time ? [w.t(`evidence.${kind}`, { time })] : []
  const lat = w.num('lat_deg')
  const lon = w.num('lon_deg')
  const m = w.num('accuracy_m')
  if (lat !== null && lon !== null) {
    out.push(m === null
      ? w.t('case.positionNoAccuracy', { lat: lat.toFixed(5), lon: lon.toFixed(5) })
      : w.t('case.position', { lat: lat.toFixed(5), lon: lon.toFixed(5), m: Math.round(m) }))
  }
  const pct = w.num('battery_pct')
  if (pct !== null) out.push(w.t('evidence.battery', { pct: number(pct) }))
  const quality = w.str('quality')
  if (quality) out.push(word(w.t, 'evidence', `quality_${quality}`))
  return out
}

function inactivity(w: Words): string[] {
  const used = w.num('used_l')
  const limit = w.num('limit_l')
  const window = w.num('window_h')
  const from = w.time('from')
  const to = w.time('to')
  const out: string[] = []
  if (used !== null && limit !== null && window !== null && from && to) {
    const params = { from, to, used: number(used, 1), limit: number(limit, 1), window: number(window, 1) }
    out.push(w.t(used < 0.05 ? 'evidence.waterUsedZero' : 'evidence.water', params))
  }
  const last = w.millis('last_use')
  const time = w.time('last_use')
  if (last !== null && time) out.push(w.t('evidence.waterLastUse', { time, ago: duration(w.now - last, w.t) }))
  return out
}

function vital(w: Words): string[] {
  const metric = w.str('metric')
  const value = w.num('value')
  if (!metric || value === null) return []
  const low = w.num('low')
  const high = w.num('high')
  const unit = unitOf(metric, w.t)
  const p = { metric: word(w.t, 'metric', metric), value: number(value, 1), unit }
  const out = [
    high !== null && value >= high ? w.t('evidence.vitalHigh', { ...p, bound: number(high, 1) })
      : low !== null && value <= low ? w.t('evidence.vitalLow', { ...p, bound: number(low, 1) })
        : w.t('evidence.vitalOther', p),
  ]
  const values = w.list('values')
  if (values && values.length > 1) {
    out.push(w.t('evidence.vitalValues', { values: values.map((v) => (typeof v === 'number' ? number(v, 1) : String(v))).join(', ') }))
  }
  const at = w.time('at')
  if (at) out.push(w.t('evidence.vitalAt', { time: at }))
  if (w.str('confirmed')) out.push(w.t('evidence.vitalConfirmed'))
  return out
}

function silent(w: Words): string[] {
  const quiet = w.num('quiet_min')
  const limit = w.num('limit_min')
  const out: string[] = []
  if (quiet !== null && limit !== null) {
    out.push(w.t('evidence.silent', { quiet: duration(quiet * 60_000, w.t), limit: duration(limit * 60_000, w.t) }))
  }
  const last = w.time('last_heard')
  out.push(last ? w.t('evidence.silentLast', { time: last }) : w.t('evidence.silentNever'))
  return out
}

function battery(w: Words): string[] {
  const pct = w.num('battery_pct') ?? w.num('value')
  const limit = w.num('limit_pct') ?? w.num('low')
  if (w.e.metric === 'battery_pct') w.str('metric')
  if (pct !== null && limit !== null) return [w.t('evidence.lowBattery', { pct: number(pct), limit: number(limit) })]
  const time = w.e.event === 'low_battery' ? w.time('at') : null
  if (!time) return []
  w.str('event')
  return [w.t('evidence.lowBatteryEvent', { time })]
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

function plain(key: string, v: unknown, now: number, t: Translate): string {
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
