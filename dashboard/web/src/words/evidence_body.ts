// Evidence of what a wristband shows: calls, vital signs, trends, places.
import { duration } from './time'
import { word } from './word'
import { number, unitOf, type Values } from './values'

export function call(kind: 'sos' | 'fall', v: Values): string[] {
  const out = [v.say(kind, { time: v.time('at') })]
  const n = v.num('count')
  if (n !== null && n > 1) out.push(v.say(`${kind}Times`, { n }))
  const steps = v.text('steps_after', 0)
  const still = v.flag('still')
  if (still === true) out.push(v.say('fallStill', { time: duration((v.num('still_min') ?? 0) * 60_000, v.t), steps }))
  if (still === false) {
    out.push(v.say('fallMoved', { time: v.time('moved_at'), steps }))
    v.skip('still_min')
  }
  v.skip('moved_at')
  out.push(...position(v))
  out.push(v.say('battery', { pct: v.text('battery_pct', 0) }))
  const quality = v.str('quality')
  if (quality) out.push(word(v.t, 'evidence', `quality_${quality}`))
  return out
}

function position(v: Values): string[] {
  const lat = v.num('lat_deg')
  const lon = v.num('lon_deg')
  const m = v.num('accuracy_m')
  if (lat === null || lon === null) return []
  const p = { lat: lat.toFixed(5), lon: lon.toFixed(5) }
  const out = [m === null ? v.say('positionNoAccuracy', p) : v.say('position', { ...p, m: Math.round(m) })]
  const time = v.time('fix_at')
  const age = v.num('fix_age_min')
  if (v.flag('fix_old') && age !== null) out.push(v.say('fixOld', { time, ago: duration(age * 60_000, v.t) }))
  else out.push(v.say('fixAt', { time }))
  return out
}

export function place(kind: 'geofence' | 'wandering', v: Values): string[] {
  const distance = v.text('distance_m', 0)
  const radius = v.text('radius_m', 0)
  const out: string[] = []
  if (kind === 'geofence') {
    const zone = v.str('zone')
    const outside = v.text('outside_m', 0)
    const name = zone === 'home' ? v.t('evidence.zoneHome') : zone
    out.push(v.say('geofence', { zone: name, outside, distance, radius }) || v.say('geofencePlain', { distance, radius }))
  } else {
    out.push(v.say('wandering', { distance, moved: v.text('moved_m', 0), minutes: v.text('moved_min', 0) }))
    out.push(v.say('wanderingNight', { from: v.text('night_from', 0), to: v.text('night_to', 0), radius }))
  }
  out.push(v.say('outsideSince', { time: v.time('since'), fixes: v.text('fixes', 0) }))
  return [...out, ...position(v)]
}

export function body(v: Values): string[] {
  const metric = v.str('metric')
  const value = v.num('value')
  if (!metric || value === null) return []
  const low = v.num('low')
  const high = v.num('high')
  const unit = unitOf(metric, v.t)
  const p = { metric: word(v.t, 'metric', metric), value: number(value, 1), unit }
  const out = [
    high !== null && value >= high ? v.say('vitalHigh', { ...p, bound: number(high, 1) })
      : low !== null && value <= low ? v.say('vitalLow', { ...p, bound: number(low, 1) })
        : v.t('evidence.vitalOther', p),
  ]
  if (v.flag('both_sides')) out.push(v.say('vitalBoth', { low: low === null ? null : number(low, 1), high: high === null ? null : number(high, 1) }))
  const values = v.list('values')
  if (values && values.length > 1) {
    out.push(v.say('vitalValues', { values: values.map((x) => (typeof x === 'number' ? number(x, 1) : String(x))).join(', ') }))
  }
  const confirmed = /^(\d+) of (\d+)/.exec(v.str('confirmed') ?? '')
  if (confirmed) out.push(v.say('vitalConfirmed', { n: confirmed[1], window: confirmed[2] }))
  const since = v.time('since')
  const at = v.time('at')
  out.push(v.say('vitalAt', { time: at }))
  if (since !== at) out.push(v.say('vitalSince', { time: since }))
  out.push(v.say('vitalPersonal', { low: low === null ? null : number(low, 1), general: v.text('low_general') }))
  if (v.num('spo2_scale') === 2) out.push(v.say('vitalScale2'))
  out.push(v.say('vitalScore', { n: v.text('partial_parameters', 0), score: v.text('partial_score', 0) }))
  v.skip('partial_of')
  if (v.flag('unvalidated')) out.push(v.say('trendUnvalidated'))
  return out
}

/** How far this wearer is from their own usual self. */
export function trend(v: Values): string[] {
  const out: string[] = []
  if ('night_mean' in v.e) {
    out.push(
      v.say('trendNight', { mean: v.text('night_mean', 0), baseline: v.text('night_baseline', 0), threshold: v.text('night_threshold', 0) }),
      v.say('trendNightKnown', { nights: v.text('nights_known', 0), samples: v.text('night_samples', 0) }),
    )
    v.skip('night_level', 'night_z')
  }
  if ('rest_value' in v.e) {
    out.push(
      v.say('trendRest', { value: v.text('rest_value'), median: v.text('rest_median') }),
      v.say('trendRestKnown', { time: v.time('rest_from'), hours: v.text('rest_hours', 0), days: v.text('rest_days', 0) }),
      v.say('trendKnown', { days: v.text('rest_days', 0), z: v.text('rest_z'), limit: v.text('rest_z_limit') }),
    )
    v.skip('rest_mad', 'rest_hour', 'rest_samples')
  }
  for (const [name, sentence] of [['skin_temp', 'trendSkin'], ['blood_pressure', 'trendPressure']] as const) {
    if (!(`${name}_value` in v.e)) continue
    out.push(
      v.say(sentence, { value: v.text(`${name}_value`), median: v.text(`${name}_median`), run: v.text(`${name}_run`, 0) }),
      v.say('trendKnown', { days: v.text(`${name}_days`, 0), z: v.text(`${name}_z`), limit: v.text(`${name}_z_limit`) }),
    )
  }
  if ('metric' in v.e) out.push(...body(v))
  const signs = v.list('signs')
  if (signs && (signs.length > 1 || out.length === 0)) {
    out.push(v.say('trendSigns', { signs: signs.map((s) => word(v.t, 'evidence', `sign_${String(s)}`).replace(/^sign_/, '')).join(v.t('app.comma')) }))
  }
  if (out.length > 0) v.skip('at')
  return out
}
