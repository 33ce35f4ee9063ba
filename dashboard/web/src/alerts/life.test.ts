import { expect, it } from 'vitest'
import { Problem } from '@/api/client'
import { createWords, type Translate } from '@/words'
import { actionsFor, explain } from './actions'
import { logLine } from './log'
import { ackDue, nextCall } from './marks'
import { promises } from './promises'

const t = createWords('zh').global.t as Translate
const now = Date.parse('2026-11-23T08:00:00Z')

it('counts down while it is acknowledged, and warns at the end', () => {
  const ack = (at: string | null, state = 'acknowledged') => ackDue({ state, ack_due: at } as never, now, t)
  expect(ack('2026-11-23T08:10:00Z')).toEqual({ text: '10 分钟内须处理', soon: false })
  expect(ack('2026-11-23T08:02:00Z')).toEqual({ text: '2 分钟内须处理', soon: true })
  expect(ack('2026-11-23T07:59:00Z')).toEqual({ text: '即将退回', soon: true })
  expect(ack(null)).toBeNull()
  expect(ack('2026-11-23T08:10:00Z', 'open')).toBeNull()
})

it('shows a promised call, and that it is overdue', () => {
  const call = (at: string | null, state = 'acknowledged') => nextCall({ state, next_call: at } as never, now, t)
  expect(call('2026-11-23T08:30:00Z')).toEqual({ text: '约定回电 今天 16:30', late: false })
  expect(call('2026-11-23T07:30:00Z')).toEqual({ text: '回电已逾期 30 分钟', late: true })
  expect(call('2026-11-23T07:30:00Z', 'closed')).toBeNull()
  expect(call(null)).toBeNull()
})

it('offers to lower only what somebody has acknowledged', () => {
  expect(actionsFor('open')).not.toContain('lower')
  expect(actionsFor('acknowledged')).toContain('lower')
  expect(actionsFor('closed')).not.toContain('lower')
})

it('names who was quicker', () => {
  expect(explain(new Problem(409, 'Conflict', 'x', { state: 'acknowledged', by: 'zhang' }), '接警', t)).toBe('现在不能“接警”：这条警情已接警。zhang 已先处理。')
})

it.each([
  [{ type: 'alert.updated', data: { action: 'return', from: 'acknowledged', to: 'open', acked_by: 'zhang', acked_at: '2026-11-23T08:00:00Z', rings: true } },
    '无人处理，退回待接警', '已接警 → 待接警 · 再次鸣响 · 原处理人 zhang，11-23 16:00 接警'],
  [{ type: 'alert.updated', data: { action: 'lower', severity_from: 'red', severity_to: 'yellow' } }, '降级', '红色 → 黄色'],
  [{ type: 'alert.updated', data: { action: 'call', direction: 'in', whom: 'resident', number: '138****5678', seconds: 60, result: 'answered', next_call: '2026-11-23T09:00:00Z' } },
    '电话记录', '来电 · 本人 · 已接通 · 138****5678 · 1 分钟 · 约定回电 11-23 17:00'],
])('log line %j', (e, title, detail) => expect(logLine(e, t)).toEqual({ title, detail }))

it('promises in round minutes, and for tomorrow morning in the county', () => {
  const all = promises(now + 10_000, t)
  expect(all[0]).toEqual({ value: '2026-11-23T08:11:00.000Z', label: '10 分钟后（16:11）' })
  expect(all.at(-1)).toEqual({ value: '2026-11-24T01:00:00.000Z', label: '明天 09:00' })
})
