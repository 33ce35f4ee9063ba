// Puts an alert's evidence into words. The server stores plain values (what was
// expected, what was seen); the sentence is made here, in the reader's language.
import { silenceOf } from '@/alerts/silences'
import { body, call, place, trend } from './evidence_body'
import { battery, fault, outage, silent, unworn } from './evidence_devices'
import { absent, burst, high, inactivity, leak, lifeless, routine } from './evidence_water'
import { word, type Translate } from './word'
import { plain, Values, type Described } from './values'

export interface Description {
  /** What was found, most important first; whole sentences. */
  sentences: string[]
  /** The values no sentence used. */
  facts: { key: string; label: string; value: string }[]
  /** What to do first. */
  advice: string
}

export function describe(a: Described, now: number, t: Translate): Description {
  const v = new Values(a, now, t)
  const sentences = sentencesOf(a.kind, v).filter((s) => s !== '')
  if (sentences.length === 0) sentences.push(t('evidence.generic', { rule: ruleName(a.rule?.id, t) || word(t, 'kind', a.kind) }))
  const also = v.list('also')
  if (also && also.length > 0) sentences.push(t('evidence.also', { kinds: also.map((k) => word(t, 'kind', String(k))).join(t('app.comma')) }))
  if (v.str('outage')) sentences.push(t('evidence.ofOutage'))
  const again = v.num('raised_again')
  if (again !== null) sentences.push(t('evidence.again', { n: again }))
  v.skip('previous', 'followed_at')
  const facts = Object.keys(v.e).filter((k) => !v.used.has(k)).map((k) => ({
    key: k, label: word(t, 'evidence.key', k), value: plain(k, v.e[k], now, t),
  }))
  return { sentences, facts, advice: t(`advice.${adviceOf(a)}`) }
}

/** A rule's name, from its id as alerts carry it. */
export function ruleName(id: string | undefined, t: Translate): string {
  if (!id) return ''
  const key = id.replace(/^vital\./, '')
  const named = word(t, 'ruleName', key)
  return named === key ? word(t, 'kind', key) : named
}

const adviceFor: Record<string, string> = {
  sos: 'sos', fall: 'fall', no_sign_of_life: 'no_sign_of_life', not_returned: 'not_returned',
  heart_rate: 'vital', spo2: 'vital', body_temp: 'vital', blood_pressure: 'vital', resp_rate: 'vital',
  geofence: 'place', wandering: 'place', water_burst: 'water', water_leak: 'water', water_high_use: 'water',
  not_worn: 'device', device_silent: 'device', device_fault: 'device', low_battery: 'device',
  data_outage: 'outage', canary: 'system', vital_trend: 'soft', routine_change: 'soft',
}

/** What to do first: each silence has a route of its own, and each stage of it. */
function adviceOf(a: Described): string {
  switch (silenceOf(a)) {
    case 'no_use':
      return a.severity === 'yellow' ? 'no_use_yellow' : a.severity === 'red' ? 'no_use_red' : 'water_inactivity'
    case 'no_report':
      return a.severity === 'orange' ? 'no_report_orange' : a.severity === 'yellow' ? 'no_report_yellow' : 'device'
    case 'not_measuring':
      return 'not_measuring'
  }
  return adviceFor[a.kind] ?? 'soft'
}

function sentencesOf(kind: string, v: Values): string[] {
  switch (kind) {
    case 'sos':
    case 'fall':
      return call(kind, v)
    case 'water_inactivity':
      return inactivity(v)
    case 'no_sign_of_life':
      return lifeless(v)
    case 'not_returned':
      return absent(v)
    case 'heart_rate':
    case 'spo2':
    case 'body_temp':
    case 'blood_pressure':
    case 'resp_rate':
      return body(v)
    case 'vital_trend':
      return trend(v)
    case 'geofence':
    case 'wandering':
      return place(kind, v)
    case 'water_leak':
      return leak(v)
    case 'water_burst':
      return burst(v)
    case 'water_high_use':
      return high(v)
    case 'routine_change':
      return routine(v)
    case 'device_silent':
      return silent(v)
    case 'low_battery':
      return battery(v)
    case 'not_worn':
      return unworn(v)
    case 'device_fault':
      return fault(v)
    case 'data_outage':
      return outage(v)
    case 'canary':
      return [v.say('canary')]
  }
  return []
}
