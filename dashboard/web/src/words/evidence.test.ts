import { describe as group, expect, it } from 'vitest'
import { kinds } from '@/api/types'
import { describe } from './evidence'
import { createWords, type Translate } from './index'

const now = Date.parse('2026-11-23T08:00:00Z') // 16:00 in Shanghai
const zh = createWords('zh').global.t as Translate
const en = createWords('en').global.t as Translate
const rule = { id: 'r', version: 1 }
const say = (kind: string, evidence: Record<string, unknown>, t: Translate = zh) => describe({ kind, evidence, rule }, now, t)

group('evidence in words', () => {
  it('water that did not run, with the last use', () => {
    const e = { used_l: 0, limit_l: 10, window_h: 24, from: '2026-11-22T07:00:00Z', to: '2026-11-23T07:00:00Z', last_use: '2026-11-22T06:30:00Z' }
    const d = say('water_inactivity', e)
    expect(d.sentences[0]).toBe('昨天 15:00 至 今天 15:00 水表没有走动（规则：24 小时少于 10 升）')
    expect(d.sentences[1]).toBe('最后一次用水：昨天 14:30（已 1 天 1 小时）')
    expect(d.facts).toEqual([])
    expect(say('water_inactivity', e, en).sentences[0]).toBe('The meter did not move from yesterday 15:00 to today 15:00 (rule: less than 10 L in 24 h)')
  })

  it('water that ran too little', () => {
    const e = { used_l: 6.42, limit_l: 10, window_h: 24, from: '2026-11-22T07:00:00Z', to: '2026-11-23T07:00:00Z', last_use: '0001-01-01T00:00:00Z' }
    const d = say('water_inactivity', e)
    expect(d.sentences).toEqual(['昨天 15:00 至 今天 15:00 共用水 6.4 升，低于 24 小时 10 升'])
    expect(d.facts).toEqual([])
  })

  it.each([
    [{ metric: 'body_temp_c', value: 39.6, low: 35, high: 39.1 }, 'body_temp', '体温 39.6 ℃，高于上限 39.1 ℃'],
    [{ metric: 'spo2_pct', value: 89, low: 91 }, 'spo2', '血氧 89 %，低于下限 91 %'],
    [{ metric: 'heart_rate_bpm', value: 131, low: 40, high: 131 }, 'heart_rate', '心率 131 次/分，高于上限 131 次/分'],
  ])('vital sign %j', (e, kind, want) => expect(say(kind, e).sentences[0]).toBe(want))

  it('an SOS with place, and a doubtful clock', () => {
    const d = say('sos', { device: 'v/d', at: '2026-11-23T07:59:00Z', lat_deg: 36.2387, lon_deg: 115.667, accuracy_m: 18.4, quality: 'receipt_time' })
    expect(d.sentences).toEqual(['今天 15:59 按下手环呼救键', '位置 36.23870, 115.66700（误差约 18 米）', '设备没有给出时间，以收到时间为准'])
    expect(d.facts).toEqual([{ key: 'device', label: '设备', value: 'v/d' }])
    expect(d.advice).toContain('120')
  })

  it('a silent device, and one never heard', () => {
    expect(say('device_silent', { quiet_min: 95, limit_min: 60, last_heard: '2026-11-23T06:25:00Z' }).sentences)
      .toEqual(['设备已 1 小时 35 分 没有消息（限值 1 小时）', '最后一次消息：今天 14:25'])
    expect(say('device_silent', { quiet_min: 95, limit_min: 60, last_heard: '0001-01-01T00:00:00Z' }).sentences[1]).toBe('登记以来没有收到消息')
  })

  it('shows what it has no sentence for as a table, times in words', () => {
    const d = say('low_battery', { event: 'low_battery', at: '2026-11-23T07:00:00Z', spare: [1, 2.34567], when: '2026-11-22T07:00:00Z', deep: { a: 1 } })
    expect(d.sentences).toEqual(['今天 15:00 设备报告电量低'])
    expect(d.facts).toEqual([
      { key: 'spare', label: 'spare', value: '1, 2.346' }, { key: 'when', label: 'when', value: '昨天 15:00' }, { key: 'deep', label: 'deep', value: '{"a":1}' },
    ])
  })

  it('always says something, for every kind and whatever the evidence', () => {
    const odd: Record<string, unknown>[] = [{}, { at: 'x', value: 'y', values: 3, metric: 7, used_l: null, devices: 'z' }, { at: null, from: 5 }]
    for (const kind of [...kinds, 'brand_new']) {
      for (const e of odd) {
        for (const t of [zh, en]) {
          const d = say(kind, e, t)
          expect(d.sentences.length, kind).toBeGreaterThan(0)
          for (const s of [...d.sentences, d.advice]) expect(s, kind).not.toMatch(/undefined|null|NaN|^evidence\.|^advice\.|\{/)
        }
      }
    }
    expect(describe({ kind: 'sos', evidence: undefined as never, rule: undefined as never }, now, zh).sentences).toHaveLength(1)
  })
})
