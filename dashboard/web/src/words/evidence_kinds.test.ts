// One alert of each kind as its detector tells it: nothing raw is left over in
// either language, and what matters is said.
import { describe as group, expect, it } from 'vitest'
import { kinds } from '@/api/types'
import { describe, ruleName } from './evidence'
import { createWords, type Translate } from './index'

const now = Date.parse('2026-11-23T08:00:00Z') // 16:00 in Shanghai
const zh = createWords('zh').global.t as Translate
const en = createWords('en').global.t as Translate
const at = (t: string) => `2026-11-23T${t}:00Z`
const day = (d: number, t: string) => `2026-11-${d}T${t}:00Z`

interface Case { kind: string; severity?: 'red' | 'orange' | 'yellow' | 'blue'; rule?: string; evidence: Record<string, unknown>; zh: string[]; en: string[]; left?: string[] }

const cases: Record<string, Case> = {
  'water, by the home’s own rhythm': {
    kind: 'water_inactivity', severity: 'yellow',
    evidence: {
      used_l: 1.2, limit_l: 1, window_h: 13, from: day(22, '14:10'), to: at('06:00'), last_use: day(22, '14:10'), expected_by: at('03:10'),
      home_type: 'low_use', learnt_days: 41, measure: 'personal', sensitivity: 'balanced', usual_h: 11, longest_h: 36, base_flow_l_per_h: 0.4,
    },
    zh: ['昨天 22:10 至 今天 14:00 水表只走了 1.2 升', '最后一次用水：昨天 22:10（已 17 小时 50 分）', '最晚 今天 11:10 该再用水', '通常 11 小时内会再用水；这一级等 13 小时', '用水少（旱厕）；最长 36 小时', '41 天用水学得；灵敏度：均衡', '持续细流 0.4 升/小时'],
    en: ['moved only 1.2 L', 'expected by today 11:10', 'within 11 h; this stage waits 13 h', 'little use (dry toilet)', '41 days', '0.4 L/h'],
  },
  'water, by the fixed rule': {
    kind: 'water_inactivity', severity: 'red',
    evidence: { used_l: 0, limit_l: 10, window_h: 24, from: day(22, '06:00'), to: at('06:00'), last_use: day(22, '06:00'), expected_by: at('06:00'), home_type: 'unknown', learnt_days: 3, measure: 'fixed' },
    zh: ['水表没有走动（规则：24 小时少于 10 升）', '还不清楚，按冲水马桶', '已学习用水习惯 3 天'], en: ['did not move', 'not known yet', 'fixed rule (3 days'],
  },
  'a leak': {
    kind: 'water_leak', evidence: { device: 'v/m', from: day(22, '06:00'), to: at('06:00'), window_h: 24, proven_h: 23, gaps_h: 1, used_l: 118.4, least_l_per_h: 3.2, limit_l_per_h: 2, step_l: 1 },
    zh: ['一直在流，24 小时没有停过，共 118.4 升', '每小时 3.2 升（超过 2 升算漏水）', '23 小时有读数证明，1 小时没有读数', '最小走 1 升'], en: ['Water ran without a stop', 'Never less than 3.2 L/h', '23 h of it proven'], left: ['device'],
  },
  'a seep': {
    kind: 'water_leak', evidence: { device: 'v/m', from: day(21, '06:00'), to: at('06:00'), window_h: 48, proven_h: 48, gaps_h: 0, used_l: 52, least_l_per_h: 1, limit_l_per_h: 0, step_l: 1 },
    zh: ['很细，但两天没停'], en: ['for two days'], left: ['device'],
  },
  'a leak that the meter tells': { kind: 'water_leak', evidence: { event: 'leak', device: 'v/m', at: at('06:00') }, zh: ['今天 14:00 水表报告漏水'], en: ['Meter reported a leak'], left: ['device'] },
  'a burst': {
    kind: 'water_burst', evidence: { device: 'v/m', used_l: 912.5, limit_l: 300, from: at('04:00'), to: at('06:00'), window_h: 2, most_l: 96 },
    zh: ['用水 912.5 升，超过 2 小时 300 升', '以前两小时最多用 96 升'], en: ['over the bound of 300 L in 2 h', 'ever used in two hours is 96 L'], left: ['device'],
  },
  'a burst in a home that is not known': {
    kind: 'water_burst', evidence: { device: 'v/m', used_l: 912, limit_l: 800, from: at('04:00'), to: at('06:00'), window_h: 2 }, zh: ['还不了解'], en: ['not known yet'], left: ['device'],
  },
  'a tap in the night': {
    kind: 'water_burst', evidence: { device: 'v/m', used_l: 190, from: day(22, '17:00'), to: day(22, '20:00'), night: true, limit_l_per_h: 40, most_l: 8 },
    zh: ['夜里一直在放水，共 190 升（每小时超过 40 升）', '夜里一小时以前最多用 8 升'], en: ['ran in the night', 'hour of the night is 8 L'], left: ['device'],
  },
  'high use': {
    kind: 'water_high_use', evidence: { device: 'v/m', used_l: 1240, limit_l: 1000, from: day(22, '06:00'), to: at('06:00'), window_h: 24, ample_day_l: 210 },
    zh: ['用水 1240 升，超过一天 1000 升', '约 210 升'], en: ['over the bound of 1000 L a day', 'about 210 L'], left: ['device'],
  },
  'another routine, amount': {
    kind: 'routine_change', evidence: { device: 'v/m', measure: 'day_l', usual: 92.1, now: 61.4, days: 14, from: day(10, '16:00'), to: at('02:00'), z: -4.2 },
    zh: ['每天用水由 92.1 升变为 61.4 升', '最近 14 天（11-11 00:00 起）'], en: ['from 92.1 L to 61.4 L', 'last 14 days'], left: ['device'],
  },
  'another routine, night': { kind: 'routine_change', evidence: { measure: 'night_l', usual: 4, now: 11, days: 7, from: day(16, '16:00'), to: at('02:00'), z: 4 }, zh: ['由 4 升增加到 11 升'], en: ['from 4 L to 11 L'] },
  'another routine, first use': { kind: 'routine_change', evidence: { measure: 'first_use_min', usual: 372, now: 447, days: 7, from: day(16, '16:00'), to: at('02:00'), z: 4 }, zh: ['平均晚了 1 小时 15 分'], en: ['1 h 15 min later'] },
  'a silent meter': {
    kind: 'device_silent', severity: 'yellow', evidence: { last_heard: day(22, '05:00'), quiet_min: 1620, limit_min: 1560, every_min: 1440, device_kind: 'water_meter' },
    zh: ['设备已 1 天 3 小时 没有消息（限值 1 天 2 小时）', '每 1 天 报一次', '不能说明有没有用水', '今天电话问候一次'], en: ['Not heard for 1 d 3 h', 'whether water is used is not known', 'Phone today'],
  },
  'a silent band': { kind: 'device_silent', severity: 'blue', evidence: { last_heard: at('06:25'), quiet_min: 95, limit_min: 60, every_min: 5, device_kind: 'wristband' }, zh: ['1 小时 35 分'], en: ['reports every 5 min'] },
  'a stuck meter with flow': {
    kind: 'device_fault', rule: 'meter_fault', evidence: { event: 'stuck', device: 'v/m', flow_l: 41, value: 812.123, from: day(20, '06:00'), to: at('06:00') },
    zh: ['有上报但不走字', '812.123 m³', '自己报有 41 升水流过', '不能用这只表'], en: ['reports but does not measure', '41 L'], left: ['device'],
  },
  'a stuck meter, person met': { kind: 'device_fault', evidence: { event: 'stuck', device: 'v/m', contact: at('02:00'), value: 8, from: day(20, '06:00'), to: at('06:00') }, zh: ['（今天 10:00）有人见过本人'], en: ['met the person'], left: ['device'] },
  'a stuck meter, person walks': { kind: 'device_fault', evidence: { event: 'stuck', device: 'v/m', walked_days: 3, value: 8, from: day(20, '06:00'), to: at('06:00') }, zh: ['有 3 天显示在家走动'], en: ['walking on 3 days'], left: ['device'] },
  'a register that began anew': { kind: 'device_fault', evidence: { event: 'register_reset', device: 'v/m', before_m3: 812.1, value: 0.2, at: at('06:00') }, zh: ['由 812.1 m³ 变为 0.2 m³'], en: ['from 812.1 m³ to 0.2 m³'], left: ['device'] },
  'a meter that ran back': { kind: 'device_fault', evidence: { event: 'reverse_flow', device: 'v/m', back_l: 25, at: at('06:00') }, zh: ['倒走了 25 升'], en: ['ran back 25 L'], left: ['device'] },
  'a meter tampered with': { kind: 'device_fault', evidence: { event: 'tamper', device: 'v/m', at: at('06:00') }, zh: ['设备报告：被拆动'], en: ['tampered with'], left: ['device'] },
  'a battery that dies': {
    kind: 'low_battery', evidence: { battery_pct: 22, limit_pct: 20, at: at('06:00'), empty_at: day(29, '04:00') },
    zh: ['电量 22%', '11-29 12:00 前后会没电', '今天 14:00 上报'], en: ['Battery 22%', 'empty about 11-29 12:00'],
  },
  'a heart rate, with a part of the score': {
    kind: 'heart_rate', rule: 'vital.heart_rate', evidence: {
      metric: 'heart_rate_bpm', device: 'v/b', values: [36, 41, 35], value: 35, at: at('07:40'), since: at('07:30'), confirmed: '2 of 3 valid samples',
      low: 38, high: 131, low_general: 40, partial_score: 3, partial_parameters: 2, partial_of: 7, both_sides: false,
    },
    zh: ['心率 35 次/分，低于下限 38 次/分', '最近几次：36, 41, 35', '3 次有效测量中 2 次超限', '测量时间 今天 15:40', '今天 15:30 起超限', '放宽到 38（一般为 40）', '7 项体征中测到 2 项，这几项共 3 分'],
    en: ['below 38 /min', '2 of 3 valid samples', '(in general 40)', '2 of 7 parameters measured, 3 points'], left: ['device'],
  },
  'SpO2 on scale 2': { kind: 'spo2', evidence: { metric: 'spo2_pct', device: 'v/b', values: [82], value: 82, at: at('07:40'), since: at('07:40'), low: 83, spo2_scale: 2, partial_score: 3, partial_parameters: 1, partial_of: 7 }, zh: ['血氧 82 %，低于下限 83 %', '第二标准'], en: ['scale 2', '1 of 7 parameters'], left: ['device'] },
  'a temperature to and fro': { kind: 'body_temp', evidence: { metric: 'body_temp_c', device: 'v/b', values: [34.5, 39.6], value: 39.6, at: at('07:40'), low: 35, high: 39.1, both_sides: true }, zh: ['高于上限 39.1', '忽高忽低'], en: ['To and fro'], left: ['device'] },
  'a pressure': { kind: 'blood_pressure', evidence: { metric: 'systolic_mmhg', device: 'v/b', value: 225, at: at('07:40'), low: 90, high: 220 }, zh: ['收缩压 225 mmHg'], en: ['above 220 mmHg'], left: ['device'] },
  'breathing': { kind: 'resp_rate', evidence: { metric: 'resp_rate_bpm', device: 'v/b', value: 27, at: at('07:40'), low: 8, high: 25 }, zh: ['呼吸频率 27 次/分'], en: ['above 25 /min'], left: ['device'] },
  'nights by NightSignal': {
    kind: 'vital_trend', evidence: { signs: ['night_heart_rate'], device: 'v/b', at: day(22, '23:00'), night_mean: 71, night_baseline: 62, night_level: 'red', night_samples: 62, night_threshold: 66, nights_known: 33, night_z: 4.1 },
    zh: ['夜间静息心率平均 71 次/分，平时 62（达到 66 提示）', '33 个夜晚'], en: ['71 /min on average, usually 62', '33 nights'], left: ['device'],
  },
  'rest and skin together': {
    kind: 'vital_trend', evidence: {
      signs: ['resting_heart_rate', 'skin_temp'], device: 'v/b', at: at('05:00'), rest_value: 88.4, rest_median: 70, rest_mad: 2, rest_z: 6.2, rest_z_limit: 3.5, rest_hour: 13, rest_hours: 3, rest_days: 22, rest_samples: 8, rest_from: at('02:00'),
      skin_temp_value: 34.6, skin_temp_median: 32.9, skin_temp_z: 3.8, skin_temp_z_limit: 3.5, skin_temp_days: 22, skin_temp_run: 2,
    },
    zh: ['安静时心率 88.4 次/分，这个钟点平时 70', '连续 3 个安静小时', '皮肤温度 34.6 ℃，平时 32.9 ℃，连续 2 天', '不同往常的有：安静心率、皮肤温度'], en: ['at rest 88.4 /min', 'Skin temperature 34.6', 'Unusual: heart rate at rest, skin temperature'], left: ['device'],
  },
  'a cuffless pressure': { kind: 'vital_trend', evidence: { signs: ['blood_pressure'], device: 'v/b', at: at('05:00'), blood_pressure_value: 171, blood_pressure_median: 138, blood_pressure_z: 4, blood_pressure_z_limit: 3.5, blood_pressure_days: 20, blood_pressure_run: 2 }, zh: ['无袖带，仅看趋势'], en: ['cuffless'], left: ['device'] },
  'a temperature that is not validated': {
    kind: 'vital_trend', evidence: { signs: ['body_temp'], device: 'v/b', at: at('05:00'), metric: 'body_temp_c', value: 39.4, values: [39.3, 39.4], low: 35, high: 39.1, since: at('04:50'), confirmed: '2 of 3 valid samples', unvalidated: true },
    zh: ['体温 39.4 ℃，高于上限', '未经验证'], en: ['not validated'], left: ['device'],
  },
  'a band not worn': {
    kind: 'not_worn', evidence: { off_since: day(22, '19:00'), off_h: 12.4, limit_h: 12, why: 'charging', nights_off: 2, nights_of: 7, at: at('07:24') },
    zh: ['手环 今天 03:00 起没有戴，已 12 小时 24 分（12 小时算一项任务）', '在充电', '最近 7 个夜晚有 2 个没戴'], en: ['not worn since today 03:00', 'charging', '2 of the last 7 nights'],
  },
  'an SOS pressed often': { kind: 'sos', evidence: { device: 'v/b', at: at('07:59'), count: 3, battery_pct: 61 }, zh: ['今天 15:59 按下手环呼救键', '共按 3 次', '61%'], en: ['pressed 3 times'], left: ['device'] },
  'a fall and stillness': { kind: 'fall', evidence: { device: 'v/b', at: at('07:40'), still: true, still_min: 10, steps_after: 0, followed_at: at('07:50') }, zh: ['手环报告跌倒', '跌倒后 10 分钟没有走动（0 步）'], en: ['No movement for 10 min'], left: ['device'] },
  'a fall and walking': { kind: 'fall', evidence: { device: 'v/b', at: at('07:40'), still: false, still_min: 10, moved_at: at('07:52'), steps_after: 34, followed_at: at('07:52') }, zh: ['今天 15:52 又有走动（34 步）'], en: ['Walked again today 15:52 (34 steps)'], left: ['device'] },
  'a fence left': {
    kind: 'geofence', evidence: { device: 'v/b', zone: 'home', outside_m: 420, distance_m: 1420, radius_m: 1000, fixes: 2, since: at('07:20'), lat_deg: 36.4, lon_deg: 115.98, fix_at: at('07:25'), accuracy_m: 30, fix_old: true, fix_age_min: 35 },
    zh: ['在“家”范围外 420 米，离家 1420 米（允许离家 1000 米）', '今天 15:20 起在范围外，连续 2 次', '误差约 30 米', '定位是 35 分钟 前的（今天 15:25）'], en: ['420 m outside “home”', '35 min old'], left: ['device'],
  },
  'wandering at night': {
    kind: 'wandering', evidence: { device: 'v/b', distance_m: 900, radius_m: 300, moved_m: 310, moved_min: 12, fixes: 2, night_from: 22, night_to: 6, since: day(22, '18:20'), lat_deg: 36.4, lon_deg: 115.98, fix_at: day(22, '18:32') },
    zh: ['离家 900 米，12 分钟内移动了 310 米', '夜间时段 22:00 至 6:00', '定位时间 今天 02:32'], en: ['900 m from home, 310 m in 12 min', 'Night is 22:00 to 6:00'], left: ['device'],
  },
  'neither water nor life': { kind: 'no_sign_of_life', evidence: { device: 'v/b', worn_since: day(22, '01:00'), no_pulse_since: day(22, '22:00'), no_pulse_min: 600, last_use: day(22, '20:00'), to: at('07:00'), no_water_h: 11, moved_at: day(22, '21:00'), also: ['water_inactivity'] }, zh: ['今天 04:00 以来没有用水', '最后一次走动：今天 05:00', '最后一次测到脉搏：今天 06:00', '手环 昨天 09:00 起戴着', '同时并入：长时间未用水'], en: ['Neither water use', 'Last steps today 05:00', 'Joined with it: No water'], left: ['device'] },
  'not back': { kind: 'not_returned', evidence: { back_at: day(22, '10:00'), limit_h: 12, hours: 22 }, zh: ['外出登记到 昨天 18:00 为止', '逾期 22 小时', '到期后 12 小时'], en: ['until yesterday 18:00', 'Overdue by 22 h'] },
  'an outage': { kind: 'data_outage', evidence: { count: 14, from: at('07:00'), at_risk: [{ id: 'r1', name: '王秀英' }, { id: 'r2', name: '李建国' }] }, zh: ['14 台设备同时没有数据', '今天 15:00 起', '王秀英、李建国'], en: ['14 devices', '王秀英, 李建国'] },
  'a storm': {
    kind: 'data_outage', rule: 'storm', evidence: { cause: 'storm', scope: 'village', at_least: 10, within_min: 10, devices_n: 14, back_n: 3, residents_n: 12, called_n: 5, back_at: at('07:30'), kinds: { device_silent: 14 } },
    zh: ['14 台设备同时没有数据', '涉及 12 位老人', '包括：设备无消息 14', '同一个村', '10 分钟内至少 10 台', '已恢复 3 台', '12 人中已联系 5 人'], en: ['14 devices', 'one village', '5 of 12 reached'],
  },
  'a vendor’s storm': { kind: 'data_outage', evidence: { cause: 'storm', scope: 'vendor', vendor: 'acme', devices_n: 40 }, zh: ['同一家厂商 acme'], en: ['one vendor acme'] },
  'uploads missed': {
    kind: 'data_outage', rule: 'uploads', evidence: { cause: 'uploads', scope: 'town', devices_n: 12, back_n: 2, residents_n: 12, called_n: 5, kinds: { device_silent: 12 }, residents: [{ id: 'r1', name: '王秀英' }] },
    zh: ['12 块每日一传的水表这一晚没有上传', '同一个镇', '请逐户打电话问候', '12 人中已联系 5 人', '王秀英'], en: ['12 meters that upload once a night', 'one town', 'Phone each of them', '5 of 12 reached'],
  },
  'no water in a village': { kind: 'data_outage', evidence: { cause: 'water_cut', homes: 25, dry_homes: 22, from: at('01:00'), to: at('07:00'), dry_h: 6, usual_uses: 3.4 }, zh: ['22 户同时不用水：可能停水或冰冻', '共 25 户'], en: ['supply cut or frost'] },
  'the heartbeat': { kind: 'canary', evidence: {}, zh: ['系统自身'], en: ['heartbeat'] },
}

group('each kind in words', () => {
  it.each(Object.entries(cases))('%s', (_, c) => {
    for (const [t, want] of [[zh, c.zh], [en, c.en]] as const) {
      const d = describe({ kind: c.kind, severity: c.severity, evidence: c.evidence, rule: { id: c.rule ?? c.kind, version: 3 } }, now, t)
      const all = d.sentences.join('\n')
      for (const w of want) expect(all).toContain(w)
      expect(d.facts.map((f) => f.key)).toEqual(c.left ?? [])
      for (const f of d.facts) expect(f.label).not.toBe(f.key)
      expect(all + d.advice).not.toMatch(/undefined|null|NaN|evidence\.|advice\.|[{}]|_|NEWS/)
      expect(new Set(d.sentences).size).toBe(d.sentences.length)
    }
  })

  it('leaves no kind out', () => {
    expect([...new Set(Object.values(cases).map((c) => c.kind))].sort()).toEqual([...kinds].sort())
  })

  it('says a raised-again alert, and names rules', () => {
    const d = describe({ kind: 'low_battery', evidence: { battery_pct: 9, limit_pct: 20, raised_again: 2, previous: 'x' }, rule: { id: 'low_battery', version: 1 } }, now, zh)
    expect(d.sentences.at(-1)).toContain('第 2 次再次提醒')
    expect(d.facts).toEqual([])
    expect([ruleName('vital.spo2', zh), ruleName('meter_fault', en), ruleName('water_leak', zh), ruleName('', zh)]).toEqual(['血氧异常', 'Meter fault', '疑似漏水', ''])
  })

  it('has a route of its own for each silence and stage', () => {
    const advice = (kind: string, evidence: Record<string, unknown>, severity?: 'red' | 'orange' | 'yellow' | 'blue') => describe({ kind, evidence, severity, rule: { id: kind, version: 1 } }, now, zh).advice
    const all = [
      advice('water_inactivity', {}, 'yellow'), advice('water_inactivity', {}, 'orange'), advice('water_inactivity', {}, 'red'),
      advice('device_silent', { device_kind: 'water_meter' }, 'blue'), advice('device_silent', {}, 'yellow'), advice('device_silent', {}, 'orange'),
      advice('device_fault', { event: 'stuck' }), advice('not_returned', {}),
    ]
    expect(new Set(all).size).toBe(all.length)
  })
})
