import { expect, it } from 'vitest'
import { Problem } from '@/api/client'
import { alertStates } from '@/api/types'
import { makeAlert, makeVisit } from '@/testing'
import { createWords, type Translate } from '@/words'
import { actionsFor, explain, nextAction } from './actions'
import { matches, noFilters } from './filters'
import { logLine } from './log'
import { mergeTargets } from './merging'
import { escalatedTo, escalatesIn, visitDue } from './marks'

const t = createWords('zh').global.t as Translate
const now = Date.parse('2026-11-23T08:00:00Z')

it('offers the usual next step among the allowed ones', () => {
  for (const s of alertStates) {
    const next = nextAction(s)
    if (next) expect(actionsFor(s)).toContain(next)
  }
  expect(actionsFor('closed')).toEqual(['note', 'reopen'])
  expect(actionsFor('acknowledged')).not.toContain('ack')
})

it.each([
  [new Problem(409, 'Conflict', 'x', { state: 'acknowledged' }), '现在不能“接警”：这条警情已接警。'],
  [new Problem(409, 'Conflict', 'some reason', {}), 'some reason'],
  [new Problem(0, '', ''), '连不上服务器，操作没有生效。请稍后重试。'],
  [new Problem(403, '', ''), '您的账号没有这项权限。'],
  [new Problem(422, '', 'd', { errors: [{ field: 'how', rule: 'must be one of phone' }] }), '填写有误：how：must be one of phone'],
  [new Problem(500, '', 'broken'), '服务器出错（500）：broken'],
])('explains %s', (e, want) => expect(explain(e, '接警', t)).toBe(want))

it('names the level an alert has climbed to', () => {
  expect(escalatedTo({ escalation: 0, area: 'sx/zl/xw' }, t)).toBe('')
  expect(escalatedTo({ escalation: 1, area: 'sx/zl/xw' }, t)).toBe('已升级至镇')
  expect(escalatedTo({ escalation: 2, area: 'sx/zl/xw' }, t)).toBe('已升级至县')
  expect(escalatedTo({ escalation: 9, area: 'sx/zl' }, t)).toBe('已升级至县')
})

it('says when the next step is due, only while nobody answered', () => {
  expect(escalatesIn({ state: 'open', again_at: null, escalate_at: '2026-11-23T08:00:30Z' }, now, t)).toBe('下次升级 30 秒')
  expect(escalatesIn({ state: 'open', again_at: null, escalate_at: '2026-11-23T07:00:30Z' }, now, t)).toBe('即将升级')
  expect(escalatesIn({ state: 'acknowledged', again_at: null, escalate_at: '2026-11-23T08:00:30Z' }, now, t)).toBe('')
  expect(escalatesIn({ state: 'open', escalate_at: null, again_at: '2026-11-23T08:00:30Z' }, now, t)).toBe('仍无人接警，30 秒后再次通知')
  expect(escalatesIn({ state: 'open', escalate_at: null, again_at: '2026-11-23T07:00:30Z' }, now, t)).toBe('仍无人接警，正在再次通知')
})

it('marks a late visit until it is reported', () => {
  const visit = makeVisit('v', { due: '2026-11-23T07:30:00Z' })
  expect(visitDue({ state: 'dispatched', visit }, now, t)).toEqual({ text: '上门已逾期 30 分钟', late: true })
  expect(visitDue({ state: 'visited', visit: { ...visit, state: 'reported' } }, now, t)).toBeNull()
  expect(visitDue({ state: 'open', visit: null }, now, t)).toBeNull()
})

it('filters by area as a tree, not as text', () => {
  const f = { ...noFilters(), area: 'sx/zl' }
  expect(matches(makeAlert('a', { area: 'sx/zl/xw' }), f)).toBe(true)
  expect(matches(makeAlert('a', { area: 'sx/zl' }), f)).toBe(true)
  expect(matches(makeAlert('a', { area: 'sx/zlx/y' }), f)).toBe(false)
  expect(matches(makeAlert('a', { severity: 'blue' }), { ...noFilters(), severity: 'red' })).toBe(false)
})

it.each([
  [{ type: 'alert.acked', data: { from: 'open', to: 'acknowledged' } }, '接警', '待接警 → 已接警'],
  [{ type: 'alert.updated', data: { action: 'call', whom: 'resident', result: 'no_answer' } }, '电话记录', '本人 · 无人接听'],
  [{ type: 'alert.escalated', data: { step: 1, level: 'town', area: 'sx/zl' } }, '升级', '已升级至镇'],
  [{ type: 'alert.closed', data: { outcome: 'assisted', how: 'door', verified_by: '李' } }, '结案', '已帮助 · 上门 · 李'],
  [{ type: 'alert.updated', data: { severity_from: 'yellow', severity_to: 'orange', rings: true } }, '更新', '黄色 → 橙色 · 再次鸣响'],
  [{ type: 'alert.updated', data: { joined: 'water_inactivity' } }, '更新', '并入：长时间未用水'],
  [{ type: 'something.new', data: {} }, 'something.new', ''],
])('log line %j', (e, title, detail) => expect(logLine(e, t)).toEqual({ title, detail }))

it('offers to merge into the same person’s alerts and outages around, an SOS only into an SOS', () => {
  const of = (id: string, kind: string, resident: string | null, area: string) =>
    makeAlert(id, { kind, area, resident: resident ? { id: resident, name: resident } : null, subject: resident ? { type: 'resident', id: resident } : { type: 'device', id } } as never)
  const open = [of('a', 'water_inactivity', 'r1', 'sx/zl/xw'), of('b', 'heart_rate', 'r1', 'sx/zl/xw'), of('c', 'spo2', 'r2', 'sx/zl/xw'), of('d', 'data_outage', null, 'sx/zl'), of('e', 'data_outage', null, 'sx/zlx'), of('f', 'sos', 'r1', 'sx/zl/xw')]
  const into = (a: ReturnType<typeof of>) => mergeTargets(a, open).map((o) => o.id)
  expect(into(open[0]!)).toEqual(['b', 'd', 'f'])
  expect(into(open[5]!)).toEqual([])
  expect(into(open[2]!)).toEqual(['d'])
})
