import { describe, expect, it } from 'vitest'
import { kindWord, silenceOf } from '@/alerts/silences'
import { createWords, type Translate } from '@/words'
import { dateTime } from './absence'
import { fixOf } from './fix'

const zh = createWords('zh').global.t as Translate

describe('where the band was last', () => {
  const now = Date.parse('2026-11-23T08:00:00Z')
  const at = (ts: string) => [{ metric: 'lat_deg', value: 36.4, ts }, { metric: 'lon_deg', value: 115.9, ts: '2026-11-23T07:59:00Z' }]
  it('is old after half an hour', () => {
    expect(fixOf(at('2026-11-23T07:30:00Z'), now)?.old).toBe(false)
    expect(fixOf(at('2026-11-23T07:29:59Z'), now)?.old).toBe(true)
    expect(fixOf(at('2026-11-23T07:30:00Z').slice(1), now)).toBeNull()
  })
})

describe('the silences', () => {
  it('are told apart', () => {
    expect(silenceOf({ kind: 'water_inactivity', evidence: {} })).toBe('no_use')
    expect(silenceOf({ kind: 'device_silent', evidence: { device_kind: 'water_meter' }, severity: 'blue' })).toBe('no_report')
    expect(silenceOf({ kind: 'device_silent', evidence: { device_kind: 'wristband' }, severity: 'blue' })).toBeNull()
    expect(silenceOf({ kind: 'device_fault', evidence: { event: 'stuck' } })).toBe('not_measuring')
    expect(silenceOf({ kind: 'device_fault', evidence: { event: 'tamper' } })).toBeNull()
    expect(silenceOf({ kind: 'not_returned', evidence: {} })).toBe('away')
    expect(silenceOf({ kind: 'sos', evidence: {} })).toBeNull()
  })

  it('have names of their own on the board', () => {
    expect(kindWord({ kind: 'device_silent', evidence: { device_kind: 'water_meter' } }, zh)).toBe('水表无上报')
    expect(kindWord({ kind: 'device_silent', evidence: {}, severity: 'blue' }, zh)).toBe('设备无消息')
    expect(kindWord({ kind: 'device_fault', evidence: { event: 'stuck' } }, zh)).toBe('水表不走字')
  })
})

describe('an absence', () => {
  it('is typed in county time', () => {
    expect(dateTime('2026-11-25T18:30')).toBe('2026-11-25T10:30:00.000Z')
    expect(dateTime('')).toBeUndefined()
    expect(dateTime('soon')).toBeUndefined()
  })
})
