import { describe, expect, it } from 'vitest'
import type { RulesBody } from '@/api/types'
import { createWords, type Translate } from '@/words'
import { differences, fields, fromInput, inWords, labelOf, lengthMs, lengthText, sameScope, toInput, valueAt, withValue } from './parts'

const rules = {
  water_inactivity: { limit_l: 10, window: '24h0m0s', sensitivity: 'balanced' }, water_use: { routine_share: 0.2 },
  vitals: { heart_rate: { low: 40, high: 131, extreme_low: 30, extreme_high: 0, margin: 5 }, trend: { z: 3.5 } },
  escalation: { red: ['1m0s', '3m0s'], blue: [] }, position: { wandering: true }, storm: { back: 0.8 }, raise_again: '4h0m0s',
} as unknown as RulesBody
const field = (path: string) => fields.find((f) => f.path === path)!
const zh = createWords('zh').global.t as Translate
const en = createWords('en').global.t as Translate

describe('rules as people read and change them', () => {
  it('reads and writes lengths as the API does', () => {
    expect([lengthMs('24h0m0s'), lengthMs('1m0s'), lengthMs('1h30m0s'), lengthMs('250ms'), lengthMs('x'), lengthMs(7)]).toEqual([86_400_000, 60_000, 5_400_000, 250, null, null])
    expect([lengthText(86_400_000), lengthText(90_000), lengthText(5_400_000), lengthText(0)]).toEqual(['24h', '90s', '90m', '0h'])
  })

  it('says each value with its unit', () => {
    const say = (path: string, t = zh) => inWords(field(path), valueAt(rules, path), t)
    expect([say('water_inactivity.window'), say('water_inactivity.sensitivity'), say('vitals.heart_rate.extreme_high'), say('escalation.red'), say('escalation.blue'), say('position.wandering'), say('storm.back'), say('water_use.routine_share', en)])
      .toEqual(['24 小时', '均衡', '不设', '1, 3 分钟', '不设', '开', '80 %', '20 %'])
  })

  it('takes what is typed, and nothing that is no value', () => {
    expect(fromInput(field('water_inactivity.window'), '18')).toBe('18h')
    expect(fromInput(field('escalation.red'), '1，2.5')).toEqual(['1m', '150s'])
    expect(fromInput(field('storm.back'), '75')).toBe(0.75)
    for (const wrong of ['', ' ', 'x', '-1', '1e999']) expect(fromInput(field('water_inactivity.limit_l'), wrong)).toBeUndefined()
    expect(fromInput(field('escalation.red'), '1, x')).toBeUndefined()
  })

  it('finds what differs, however a length is written', () => {
    const same = withValue(rules, 'raise_again', '240m')
    expect(differences(rules, same)).toEqual([])
    expect(differences(rules, withValue(same, 'vitals.heart_rate.low', 45)).map((f) => f.path)).toEqual(['vitals.heart_rate.low'])
    expect(valueAt(rules, 'vitals.heart_rate.low')).toBe(40)
  })

  it('has a label for every setting, in both languages', () => {
    expect(new Set(fields.map((f) => f.path)).size).toBe(fields.length)
    for (const f of fields) for (const t of [zh, en]) expect(labelOf(f, t), f.path).not.toMatch(/rules\.|metric\./)
    for (const f of fields) expect(toInput(f, undefined)).toBe(f.kind === 'flag' ? 'off' : '')
  })
})

describe('a scope', () => {
  it('of a resident stands for itself, whatever area and tier it came with', () => {
    expect(sameScope({ resident: 'r1' }, { resident: 'r1', area: 'shen/a', tier: 'red' })).toBe(true)
    expect(sameScope({ resident: 'r1' }, { resident: 'r2' })).toBe(false)
    expect(sameScope({ area: 'shen/a', tier: 'red' }, { resident: 'r1', area: 'shen/a', tier: 'red' })).toBe(false)
    expect(sameScope({ area: 'shen/a' }, { area: 'shen/a', tier: 'red' })).toBe(false)
    expect(sameScope({}, {})).toBe(true)
  })
})
