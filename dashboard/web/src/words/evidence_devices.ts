// Evidence of what devices and lines do: silence, faults, batteries, outages.
import { silenceOf } from '@/alerts/silences'
import { duration } from './time'
import { word } from './word'
import { number, type Values } from './values'

export function silent(v: Values): string[] {
  const quiet = v.num('quiet_min')
  const limit = v.num('limit_min')
  const every = v.num('every_min')
  const out: string[] = []
  if (quiet !== null && limit !== null) {
    out.push(v.say('silent', { quiet: duration(quiet * 60_000, v.t), limit: duration(limit * 60_000, v.t) }))
  }
  const last = v.time('last_heard')
  out.push(last ? v.say('silentLast', { time: last }) : v.say('silentNever'))
  if (every !== null) out.push(v.say('silentEvery', { every: duration(every * 60_000, v.t) }))
  if (silenceOf(v.alert) === 'no_report') {
    out.push(v.say('silentMeter'))
    const s = v.alert.severity
    if (s) out.push(v.say(s === 'blue' ? 'silentBlue' : s === 'yellow' ? 'silentYellow' : 'silentOrange'))
  }
  v.skip('device_kind')
  return out
}

export function battery(v: Values): string[] {
  const pct = v.num('battery_pct') ?? v.num('value')
  const limit = v.num('limit_pct') ?? v.num('low')
  if (v.e.metric === 'battery_pct') v.skip('metric')
  if (pct === null) {
    const time = v.e.event === 'low_battery' ? v.time('at') : null
    if (time) v.skip('event')
    return [v.say('lowBatteryEvent', { time })]
  }
  return [
    limit !== null && pct <= limit ? v.say('lowBattery', { pct: number(pct), limit: number(limit) }) : v.say('lowBatteryAbove', { pct: number(pct) }),
    v.say('emptyAt', { time: v.time('empty_at') }),
    v.say('batteryAt', { time: v.time('at') }),
  ]
}

export function unworn(v: Values): string[] {
  const off = v.num('off_h')
  const time = v.time('off_since')
  if (off === null || time === null) return reported(v)
  const why = v.str('why')
  v.skip('at')
  return [
    v.say('notWorn', { time, ago: duration(off * 3_600_000, v.t), limit: v.text('limit_h') }),
    why ? word(v.t, 'evidence', `why_${why}`).replace(/^why_/, '') : '',
    v.say('notWornNights', { n: v.text('nights_off', 0), of: v.text('nights_of', 0) }),
  ]
}

/** What a device said of itself. */
function reported(v: Values): string[] {
  const event = v.str('event')
  return event ? [v.say('deviceEvent', { time: v.time('at'), event: word(v.t, 'deviceEvent', event) })] : []
}

export function fault(v: Values): string[] {
  switch (v.e.event) {
    case 'stuck':
      v.skip('event')
      return [
        v.say('stuck', { from: v.time('from'), to: v.time('to'), value: v.text('value', 3) }),
        v.say('stuckFlow', { flow: v.text('flow_l') }),
        v.say('stuckContact', { time: v.time('contact') }),
        v.say('stuckWalked', { n: v.text('walked_days', 0) }),
        v.say('stuckMeans'),
      ]
    case 'register_reset': {
      v.skip('event')
      const p = { time: v.time('at'), value: v.text('value', 3) }
      return [v.say('reset', { ...p, before: v.text('before_m3', 3) }) || v.say('resetPlain', p)]
    }
    case 'reverse_flow': {
      const back = v.text('back_l')
      if (back === null) return reported(v)
      v.skip('event')
      return [v.say('reverse', { time: v.time('at'), back })]
    }
  }
  return reported(v)
}

/** Names shown of those at risk; the rest is counted. */
const mostNames = 40

export function outage(v: Values): string[] {
  const devices = v.list('devices')
  const residents = v.list('at_risk') ?? v.list('residents')
  const cause = v.str('cause') ?? v.str('pattern')
  const n = v.num('devices_n') ?? v.num('count')
  const dry = v.num('dry_homes')
  const homes = dry ?? v.num('residents_n') ?? v.num('homes') ?? residents?.length ?? null
  const of = dry === null ? null : v.num('homes')
  const zero = v.flag('zero_use') === true || dry !== null || ['water_cut', 'frost'].includes(cause ?? '')
  const out: string[] = []
  const count = n ?? devices?.length ?? null
  if (zero && (homes ?? count) !== null) out.push(v.say('outageAreaUse', { n: homes ?? count }) + v.say('outageOf', { n: of }))
  else if (count !== null) out.push(v.say(cause === 'uploads' ? 'uploads' : 'outage', { n: count }))
  if (!zero && homes !== null) out.push(v.say('outageResidents', { n: homes }))
  out.push(v.say('outageSince', { time: v.time('from') ?? v.time('since') ?? v.time('at') }))
  out.push(v.say('outageDry', { hours: v.text('dry_h'), uses: v.text('usual_uses') }))
  if (zero) v.skip('to', 'residents_n', 'devices_n')
  const kinds = v.e.kinds
  if (typeof kinds === 'object' && kinds !== null && !Array.isArray(kinds)) {
    v.skip('kinds')
    const parts = Object.entries(kinds).map(([k, m]) => `${word(v.t, 'kind', k)} ${String(m)}`)
    out.push(v.say('outageKinds', { kinds: parts.join(v.t('app.comma')) }))
  }
  const scope = v.str('scope') ?? v.str('group')
  const vendor = v.str('vendor')
  const rule = { least: v.text('at_least', 0), minutes: v.text('within_min', 0) }
  if (scope) out.push(v.say('outageWhere', { what: word(v.t, 'evidence', `group_${scope}`).replace(/^group_/, '') + (vendor ? ` ${vendor}` : '') }))
  out.push(v.say('outageRule', rule))
  if (cause === 'uploads') out.push(v.say('uploadsMeans'))
  const back = v.num('back_n')
  if (back !== null && back > 0) out.push(v.say('outageBack', { n: back }))
  out.push(v.say('outageBackAt', { time: v.time('back_at') }))
  const called = v.num('called_n')
  if (called !== null && homes !== null) out.push(v.say('outageCalled', { n: called, all: homes }))
  if (residents && residents.length > 0) {
    const names = residents.slice(0, mostNames).map(nameOf).join(v.t('app.comma'))
    out.push(v.say('outageRisk', { names: names + (residents.length > mostNames ? v.say('outageMore', { n: residents.length }) : '') }))
  }
  return out
}

function nameOf(r: unknown): string {
  if (typeof r === 'object' && r !== null) {
    const o = r as Record<string, unknown>
    return String(o.name ?? o.id ?? '')
  }
  return String(r)
}
