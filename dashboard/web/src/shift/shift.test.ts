import { describe, expect, it } from 'vitest'
import type { SheetLine } from '@/api/types'
import { applyFrame, applySnapshot, emptyState, sounding, worklist } from '@/live/state'
import { makeAlert } from '@/testing'
import { createWords, type Translate } from '@/words'
import { logLine } from '@/alerts/log'
import { actionsOf, quietMarks } from './marks'
import { bySection, endsSoon, overdue, remarksOf, runs } from './sheet'

const now = Date.parse('2026-11-23T12:00:00Z')
const zh = createWords('zh').global.t as Translate

describe('a hand-over sheet', () => {
  it('has its lines by section, in order', () => {
    const lines = [{ section: 'case', alert: 'a' }, { section: 'silent', resident: 'r' }, { section: 'case', alert: 'b' }] as SheetLine[]
    const got = bySection(lines)
    expect(got.case.map((l) => l.alert)).toEqual(['a', 'b'])
    expect([got.callback.length, got.silence.length, got.silent.length]).toEqual([0, 0, 1])
  })

  it('is overdue when nobody has taken it in time', () => {
    expect(overdue({ state: 'waiting', due_at: '2026-11-23T12:00:00Z' }, now)).toBe(true)
    expect(overdue({ state: 'waiting', due_at: '2026-11-23T12:00:01Z' }, now)).toBe(false)
    expect(overdue({ state: 'taken', due_at: '2026-11-23T11:00:00Z' }, now)).toBe(false)
  })

  it('sends the remarks that were written', () => {
    expect(remarksOf(new Map([['a', ' 女儿六点来 '], ['b', '  ']]))).toEqual([{ alert: 'a', text: '女儿六点来' }])
  })
})

describe('a silence', () => {
  it('runs until its end, or until it was ended', () => {
    expect(runs({ until: '2026-11-23T12:00:01Z', ended_at: null }, now)).toBe(true)
    expect(runs({ until: '2026-11-23T12:00:00Z', ended_at: null }, now)).toBe(false)
    expect(runs({ until: '2026-11-24T12:00:00Z', ended_at: '2026-11-23T11:00:00Z' }, now)).toBe(false)
    expect([endsSoon({ until: '2026-11-23T12:50:00Z', ended_at: null }, now), endsSoon({ until: '2026-11-23T14:00:00Z', ended_at: null }, now)]).toEqual([true, false])
  })

  it('keeps what it holds back out of the news', () => {
    const s = applySnapshot(emptyState(), [], 1)
    const held = makeAlert('a', { severity: 'orange', silenced: { id: 's', until: '2026-11-23T13:00:00Z' } })
    const next = applyFrame(s, { type: 'alert.opened', event: 2, prev: 1, at: held.opened_at, alert: held })
    expect(next.news).toEqual([])
    const rings = applyFrame(next, { type: 'alert.updated', event: 3, prev: 2, at: held.opened_at, alert: { ...held, silenced: null } })
    expect(rings.news.map((n) => n.alert.id)).toEqual(['a'])
  })

  it('does not hold back the siren, but a frozen case does not sound', () => {
    const s = applySnapshot(emptyState(), [makeAlert('a'), makeAlert('b', { frozen: 'deceased' })], 1)
    expect(sounding(s).map((a) => a.id)).toEqual(['a'])
    expect(worklist(s).map((a) => a.id)).toEqual(['a', 'b'])
  })

  it('is said on the alert, as are flaps and a frozen case', () => {
    const marks = (over: object) => quietMarks(makeAlert('a', over), now, zh).map((m) => m.text)
    expect(marks({})).toEqual([])
    expect(marks({ silenced: { id: 's', until: '2026-11-23T13:00:00Z' } })[0]).toContain('静默至')
    expect(marks({ evidence: { flaps: 5, flaps_min: 60 } })).toEqual(['60 分钟内反复 5 次'])
    expect(marks({ frozen: 'deceased' })[0]).toContain('已去世')
    expect(marks({ evidence: { listed_as: 'moved' } })[0]).toContain('注意')
  })

  it('is told in the log', () => {
    expect(logLine({ type: 'alert.opened', data: { silence: 'x', severity: 'orange' } }, zh).detail).toContain('静默中')
    expect(logLine({ type: 'alert.updated', data: { silence_over: 'x', rings: true } }, zh).detail).toContain('静默结束')
    expect(logLine({ type: 'alert.updated', data: { action: 'freeze', resident_state: 'deceased' } }, zh).detail).toContain('冻结')
  })
})

it('a frozen case can be noted and closed', () => {
  expect(actionsOf({ frozen: 'deceased' }, ['ack', 'note', 'call', 'close'])).toEqual(['note', 'close'])
  expect(actionsOf({ frozen: '' }, ['ack', 'note'])).toEqual(['ack', 'note'])
})
