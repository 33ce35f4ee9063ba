import { describe, expect, it } from 'vitest'
import {
  alertStates, callResults, deviceKinds, eventTypes, hows, kinds, metrics, outcomes, refusalCodes, residentStates, roles, severities, tiers, visitStates,
} from '@/api/types'
import { alertActions } from '@/alerts/actions'
import { en } from './en'
import { createWords, word } from './index'
import { zh } from './zh'

function leaves(o: object, prefix = ''): Map<string, string> {
  const out = new Map<string, string>()
  for (const [k, v] of Object.entries(o)) {
    if (typeof v === 'string') out.set(prefix + k, v)
    else for (const [kk, vv] of leaves(v as object, `${prefix}${k}.`)) out.set(kk, vv)
  }
  return out
}
const params = (s: string) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort()

describe('the message files', () => {
  const a = leaves(zh)
  const b = leaves(en)

  it('have the same keys', () => {
    expect([...b.keys()].sort()).toEqual([...a.keys()].sort())
  })

  it('use the same values in each message', () => {
    for (const [k, s] of a) expect(params(b.get(k) ?? ''), k).toEqual(params(s))
  })

  it('have no empty word, and none that the message syntax would take apart', () => {
    for (const [k, s] of [...a, ...b]) {
      expect(s, k).not.toBe('')
      expect(s.replace(/\{\w+\}/g, ''), k).not.toMatch(/[@|{}]/)
    }
  })

  it('write Chinese in the Chinese file', () => {
    const latin = [...a].filter(([, s]) => !/[\u4e00-\u9fff]/.test(s.replace(/\{\w+\}/g, ''))).map(([k]) => k)
    expect(latin).toEqual(['app.comma', 'app.colon', 'evidence.vitalOther'])
  })
})

describe('every value of the contract has a word', () => {
  const groups: [string, readonly string[]][] = [
    ['severity', severities], ['level', severities], ['state', alertStates], ['kind', kinds], ['outcome', outcomes], ['how', hows],
    ['callResult', callResults], ['visitState', visitStates], ['metric', metrics], ['tier', tiers], ['residentState', residentStates],
    ['role', roles], ['deviceKind', deviceKinds], ['refusal', refusalCodes], ['log', eventTypes.map((e) => e.replace('.', '_'))], ['action', [...alertActions, 'assign', 'merge', 'start', 'report', 'cancel']],
    ['incident', ['collapse', 'sos', 'fall', 'fever', 'low_spo2', 'off_wrist', 'going_away', 'leak', 'burst', 'gateway_outage', 'late_batch', 'recover']],
  ]
  it.each(groups)('%s', (group, values) => {
    for (const language of ['zh', 'en'] as const) {
      const t = createWords(language).global.t as (key: string) => string
      for (const v of values) expect(t(`${group}.${v}`), `${language} ${group}.${v}`).not.toBe(`${group}.${v}`)
    }
  })

  it('shows a value it does not know as it is', () => {
    const t = createWords('zh').global.t as (key: string) => string
    expect(word(t, 'kind', 'brand_new')).toBe('brand_new')
    expect(word(t, 'kind', 'sos')).toBe('一键呼救')
    expect(word(t, 'kind', null)).toBe('')
  })
})
