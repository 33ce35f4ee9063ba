// Evidence of what a water meter shows: no use, too much, another routine.
import { duration } from './time'
import { word } from './word'
import { number, type Values } from './values'

export function inactivity(v: Values): string[] {
  const used = v.num('used_l')
  const window = v.text('window_h')
  const from = v.time('from')
  const to = v.time('to')
  const personal = v.str('measure') === 'personal'
  const limit = v.text('limit_l')
  const out: string[] = []
  if (used !== null && from && to) {
    if (personal) out.push(v.say(used < 0.05 ? 'waterNone' : 'waterLittle', { from, to, used: number(used, 1) }))
    else out.push(v.say(used < 0.05 ? 'waterUsedZero' : 'water', { from, to, used: number(used, 1), limit, window }))
  }
  out.push(lastUse(v, 'waterLastUse'))
  const by = v.time('expected_by')
  const usual = v.text('usual_h')
  if (personal) out.push(v.say('waterExpected', { time: by }), v.say('waterUsual', { usual, window }))
  const home = v.str('home_type')
  const longest = v.text('longest_h')
  const type = home ? word(v.t, 'evidence', `home_${home}`).replace(/^home_/, '') : null
  out.push(longest === null ? v.say('waterHomeOnly', { type }) : v.say('waterHome', { type, longest }))
  const days = v.text('learnt_days', 0)
  const sensitivity = v.str('sensitivity')
  out.push(personal ? v.say('waterLearnt', { days, sensitivity: word(v.t, 'sensitivity', sensitivity) }) : v.say('waterFixed', { days }))
  out.push(v.say('waterBase', { flow: v.text('base_flow_l_per_h') }))
  return out
}

function lastUse(v: Values, sentence: string, key = 'last_use'): string {
  const at = v.millis(key)
  const time = v.time(key)
  return at === null ? '' : v.say(sentence, { time, ago: duration(v.now - at, v.t) })
}

/** No water and, by the band, no life either. */
export function lifeless(v: Values): string[] {
  const from = v.time('from') ?? v.time('since') ?? v.time('last_use')
  const out = [v.say('noLife', { from })]
  out.push(lastUse(v, 'noLifeWater'))
  v.skip('no_pulse_min', 'no_water_h', 'to')
  for (const key of ['last_steps', 'last_step', 'last_moved', 'moved_at', 'steps_at', 'still_since']) out.push(lastUse(v, 'noLifeSteps', key))
  for (const key of ['last_pulse', 'pulse_at', 'no_pulse_since']) out.push(lastUse(v, 'noLifePulse', key))
  out.push(v.say('noLifeWorn', { time: v.time('worn_since') ?? v.time('worn_at') }))
  out.push(v.say('noLifeContact', { time: v.time('contact') ?? v.time('last_contact') }))
  if (v.flag('no_pulse')) out.push(v.say('noLifeNoPulse'))
  if (v.flag('no_steps')) out.push(v.say('noLifeNoSteps'))
  // What the water detector found stands here too.
  if ('used_l' in v.e) out.push(...inactivity(v))
  return [...new Set(out)]
}

export function absent(v: Values): string[] {
  v.skip('hours')
  const key = ['back_at', 'absence_to', 'until', 'expected', 'ended', 'due', 'to'].find((k) => v.millis(k) !== null)
  const over = key === undefined ? null : v.millis(key)
  const out = [key === undefined ? v.say('notReturnedOpen') : v.say('notReturned', { time: v.time(key) })]
  if (over !== null) out.push(v.say('notReturnedFor', { ago: duration(v.now - over, v.t) }))
  out.push(v.say('notReturnedLimit', { hours: v.text('limit_h') }))
  out.push(v.say('notReturnedFrom', { time: v.time('absence_from') ?? v.time('away_from') ?? v.time('from') }))
  out.push(v.say('notReturnedReason', { reason: v.str('reason') }))
  out.push(lastUse(v, 'waterLastUse'))
  v.skip('absence')
  return out
}

export function leak(v: Values): string[] {
  if (v.e.event === 'leak') {
    const time = v.time('at')
    if (time) v.skip('event')
    return [v.say('leakEvent', { time })]
  }
  const least = v.text('least_l_per_h')
  const limit = v.num('limit_l_per_h')
  return [
    v.say('leak', { from: v.time('from'), to: v.time('to'), window: v.text('window_h'), used: v.text('used_l') }),
    limit ? v.say('leakLeast', { least, limit: number(limit, 1) }) : v.say('seepLeast', { least }),
    v.say('leakProven', { proven: v.text('proven_h'), gaps: v.text('gaps_h') }),
    v.say('leakStep', { step: v.text('step_l', 2) }),
  ]
}

export function burst(v: Values): string[] {
  const p = { from: v.time('from'), to: v.time('to'), used: v.text('used_l') }
  const most = v.text('most_l')
  if (v.flag('night')) return [v.say('nightTap', { ...p, limit: v.text('limit_l_per_h') }), v.say('nightMost', { most })]
  const out = [v.say('burst', { ...p, window: v.text('window_h'), limit: v.text('limit_l') })]
  if (out[0] !== '') out.push(most === null ? v.say('burstUnknown') : v.say('burstMost', { most }))
  return out
}

export function high(v: Values): string[] {
  v.skip('window_h')
  return [
    v.say('high', { from: v.time('from'), to: v.time('to'), used: v.text('used_l'), limit: v.text('limit_l') }),
    v.say('highDay', { ample: v.text('ample_day_l') }),
  ]
}

export function routine(v: Values): string[] {
  const measure = v.str('measure')
  const usual = v.num('usual')
  const now = v.num('now')
  const out: string[] = []
  if (usual !== null && now !== null) {
    if (measure === 'first_use_min') {
      out.push(v.say(now > usual ? 'routineLater' : 'routineEarlier', { time: duration(Math.abs(now - usual) * 60_000, v.t) }))
    } else if (measure === 'day_l' || measure === 'night_l') {
      out.push(v.say(`routine_${measure}`, { usual: number(usual, 1), now: number(now, 1) }))
    }
  }
  out.push(v.say('routineDays', { n: v.text('days', 0), from: v.time('from') }))
  v.skip('z', 'to')
  return out
}

