import { describe, expect, it } from 'vitest'
import { makeVisit } from '@/testing'
import { createWords } from '@/words'
import { fit } from './photo'
import { distance, fixNow, ways } from './place'
import { progressOf } from './progress'
import { conditions, conflicts, doorSteps, marks, stepResults, type Card, type Waiting } from './types'
import { inApp } from './offline'
import { visitOf } from './store'

const card = (over: Partial<Card> = {}): Card => ({
  visit: makeVisit('v1'), resident: null, devices: [], absences: [], alert: null, home: null, signs: [], entries: [], rules: { check_in_m: 150, accuracy_m: 100 }, ...over,
} as Card)
const waiting = (kind: Waiting['kind'], at: string, body: Record<string, unknown> = {}): Waiting => ({ uuid: kind + at, owner: 'li', visit: 'v1', kind, at, body, n: 1 })

describe('how far a visit is', () => {
  it('counts what waits on the phone as done, and says that it waits', () => {
    const p = progressOf(card(), [
      waiting('checkin', '2026-11-23T08:00:00Z'), waiting('checklist', '2026-11-23T08:01:00Z', { step: 'knock', result: 'nothing' }),
      waiting('report', '2026-11-23T08:20:00Z', { outcome: 'assisted' }), waiting('checkout', '2026-11-23T08:25:00Z'),
    ])
    expect([p.stage, p.delivery, p.outcome, p.minutes, p.steps.get('knock')?.waiting]).toEqual(['left', 'waiting', 'assisted', 25, true])
  })
  it('goes on from what the server has', () => {
    const p = progressOf(card({ visit: makeVisit('v1', { state: 'started', arrived_at: '2026-11-23T08:00:00Z' }) }), [])
    expect([p.stage, p.delivery, p.minutes]).toEqual(['arrived', 'sent', null])
    expect(progressOf(card(), [{ ...waiting('report', '2026-11-23T08:20:00Z', { outcome: 'well' }), refused: 'x' }]).delivery).toBe('refused')
  })
})

describe('the way to a home', () => {
  const position = { lat_deg: 36.24, lon_deg: 115.66, gcj_lat_deg: 36.2409, gcj_lon_deg: 115.6659, bd_lat_deg: 36.2469, bd_lon_deg: 115.6724, source: 'entered' as const }
  it('gives each map its own datum', () => {
    const w = Object.fromEntries(ways(position, '', '王 秀英').map((x) => [x.name, x.href]))
    expect(w.amap).toContain('to=115.665900,36.240900,%E7%8E%8B%20%E7%A7%80%E8%8B%B1')
    expect(w.baidu).toContain('location=36.246900,115.672400')
    expect(w.system).toBe('geo:36.240000,115.660000?q=36.240000,115.660000')
  })
  it('looks for the address where there is no position', () => {
    expect(ways(null, '槐树村 71号', '王').map((x) => x.name)).toEqual(['amap', 'baidu'])
    expect(ways(null, '', '王')).toEqual([])
  })
  it('measures metres', () => {
    expect(Math.round(distance(position, { lat_deg: 36.2408, lon_deg: 115.66 }))).toBe(89)
  })
  it('says why there is no position', async () => {
    expect(await fixNow({} as Geolocation, false)).toBe('insecure')
    const denied = { watchPosition: (_: unknown, no: (e: unknown) => void) => { setTimeout(() => no({ code: 1, PERMISSION_DENIED: 1 })); return 1 }, clearWatch: () => undefined } as unknown as Geolocation
    expect(await fixNow(denied, true)).toBe('denied')
  })
  it('takes the first fix that is good, not the mast’s', async () => {
    const at = (accuracy: number) => ({ coords: { latitude: 36, longitude: 115, accuracy } })
    const geo = { watchPosition: (yes: (p: unknown) => void) => { setTimeout(() => { yes(at(900)); yes(at(12)) }); return 1 }, clearWatch: () => undefined } as unknown as Geolocation
    expect(await fixNow(geo, true)).toEqual({ lat_deg: 36, lon_deg: 115, accuracy_m: 12 })
  })
})

it('fits photos into 1600 pixels without stretching small ones', () => {
  expect([fit(4000, 3000), fit(3000, 4000), fit(800, 600), fit(9000, 2)]).toEqual([[1600, 1200], [1200, 1600], [800, 600], [1600, 1]])
})

it('knows browsers inside other apps, and the visit in the address', () => {
  expect([inApp('... MicroMessenger/8.0'), inApp('Mozilla/5.0 Chrome/120 Mobile')]).toEqual([true, false])
  expect([visitOf('#visit=abc'), visitOf(''), visitOf('#x')]).toEqual(['abc', '', ''])
})

it('has a word for every value, in both languages', () => {
  for (const language of ['zh', 'en'] as const) {
    const t = createWords(language).global.t as (key: string) => string
    const keys = [
      ...doorSteps.flatMap((s) => [`step.${s}`, `stepHint.${s}`]), ...stepResults.map((r) => `result.${r}`), ...conditions.map((c) => `condition.${c}`),
      ...conflicts.map((c) => `conflict.${c}`), ...marks.flatMap((m) => [`mark.${m}`, `markWord.${m}`]),
      ...['checkin', 'checklist', 'photo', 'report', 'checkout'].map((k) => `kindOf.${k}`), ...['contact', 'water', 'heart_rate_bpm', 'steps'].map((s) => `sign.${s}`),
    ]
    for (const k of keys) expect(t(`field.${k}`), `${language} ${k}`).not.toBe(`field.${k}`)
  }
})
