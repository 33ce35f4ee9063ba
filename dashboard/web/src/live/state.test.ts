import { describe, expect, it } from 'vitest'
import type { Alert } from '@/api/types'
import { makeAlert, makeVisit } from '@/testing'
import { applyFrame, applySnapshot, emptyState, keepClosed, sounding, worklist, type Frame, type LiveState } from './state'

function change(event: number, prev: number, alert: Alert, type = 'alert.updated'): Frame {
  return { type, event, prev, at: '2026-11-23T08:00:00Z', alert }
}
const ids = (s: LiveState) => worklist(s).map((a) => a.id)
const start = (items: Alert[], asOf: number) => applySnapshot(emptyState(), items, asOf)

describe('the prev chain', () => {
  it('takes frames that follow each other, with holes in the numbers', () => {
    let s = start([makeAlert('a')], 10)
    // 11 and 12 are of other areas: this client never sees them.
    s = applyFrame(s, change(13, 10, makeAlert('b')))
    s = applyFrame(s, change(20, 13, makeAlert('c')))
    expect(s.broken).toBe(false)
    expect(s.last).toBe(20)
    expect(ids(s).sort()).toEqual(['a', 'b', 'c'])
  })

  it('takes away an alert that went to another provider', () => {
    let s = start([makeAlert('a'), makeAlert('b')], 10)
    s = applyFrame(s, { type: 'alert.gone', event: 11, prev: 10, at: '2026-11-23T08:00:00Z', gone: 'a' })
    expect(ids(s)).toEqual(['b'])
    expect(s.last).toBe(11)
  })

  it('accepts a prev before the list: the list was newer than the last visible change', () => {
    const s = applyFrame(start([], 100), change(105, 42, makeAlert('b')))
    expect(s.broken).toBe(false)
    expect(ids(s)).toEqual(['b'])
  })

  it('notices a lost frame and takes nothing more until the list came again', () => {
    let s = start([makeAlert('a')], 10)
    s = applyFrame(s, change(13, 12, makeAlert('b')))
    expect(s.broken).toBe('gap')
    expect(s.last).toBe(10)
    s = applyFrame(s, change(14, 13, makeAlert('c')))
    expect(ids(s)).toEqual(['a'])
    s = applySnapshot(s, [makeAlert('a'), makeAlert('b'), makeAlert('c')], 14)
    expect(s.broken).toBe(false)
    expect(s.last).toBe(14)
    s = applyFrame(s, change(15, 14, makeAlert('d')))
    expect(ids(s).sort()).toEqual(['a', 'b', 'c', 'd'])
  })

  it('ignores what it has already: catching up twice changes nothing', () => {
    const s = applyFrame(start([makeAlert('a')], 10), change(11, 10, makeAlert('a', { state: 'acknowledged' })))
    const again = applyFrame(s, change(11, 10, makeAlert('a', { state: 'open' })))
    expect(again).toBe(s)
    expect(applyFrame(s, change(9, 8, makeAlert('z')))).toBe(s)
  })

  it('takes nothing before there is a list', () => {
    expect(applyFrame(emptyState(), change(1, 0, makeAlert('a')))).toEqual(emptyState())
  })
})

describe('reset and foreign histories', () => {
  it('marks a reset, and the next list is a new beginning even with lower numbers', () => {
    let s = start([makeAlert('a'), makeAlert('b')], 500)
    s = applyFrame(s, { type: 'reset' })
    expect(s.broken).toBe('reset')
    s = applySnapshot(s, [makeAlert('a')], 20)
    expect(s.last).toBe(20)
    expect(ids(s)).toEqual(['a'])
    s = applyFrame(s, change(21, 20, makeAlert('a', { state: 'acknowledged' })))
    expect(s.alerts.get('a')?.state).toBe('acknowledged')
  })

  it('does not trust a server whose newest number is older than ours', () => {
    expect(applyFrame(start([], 500), { type: 'hello', event: 499 }).broken).toBe('reset')
    expect(applyFrame(start([], 500), { type: 'hello', event: 500 }).broken).toBe(false)
  })
})

describe('a list fetched beside a running feed', () => {
  it('brings forward, never back', () => {
    let s = start([makeAlert('a'), makeAlert('b')], 10)
    s = applyFrame(s, change(12, 10, makeAlert('a', { state: 'acknowledged' })))
    // Asked for before event 12, answered after it.
    s = applySnapshot(s, [makeAlert('a'), makeAlert('b', { severity: 'blue' }), makeAlert('c')], 11)
    expect(s.alerts.get('a')?.state).toBe('acknowledged')
    expect(s.alerts.get('b')?.severity).toBe('blue')
    expect(s.last).toBe(12)
  })

  it('drops what is no longer in it', () => {
    const s = applySnapshot(start([makeAlert('a'), makeAlert('b')], 10), [makeAlert('b')], 15)
    expect(ids(s)).toEqual(['b'])
    // The closing comes over the feed, too, and changes nothing on the list.
    expect(ids(applyFrame(s, change(14, 10, makeAlert('a', { state: 'closed' }))))).toEqual(['b'])
  })

  it('is not rolled back by frames older than it', () => {
    let s = start([makeAlert('a')], 10)
    s = applySnapshot(s, [makeAlert('a', { state: 'dispatched' })], 15)
    s = applyFrame(s, change(12, 10, makeAlert('a', { state: 'acknowledged' })))
    expect(s.alerts.get('a')?.state).toBe('dispatched')
  })
})

describe('any way of losing the connection', () => {
  // Against a plain model: whatever is cut, repeated or lost, the list in the
  // end is what the server has.
  it('ends with what the server has, nothing lost or doubled', () => {
    let seed = 7
    const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
    for (let round = 0; round < 200; round++) {
      const server = new Map<string, Alert>()
      const log: Extract<Frame, { prev: number }>[] = []
      let event = 0
      let visible = 0
      const list = () => [...server.values()].filter((a) => a.state !== 'closed')
      const step = () => {
        event += 1 + random(3)
        const id = 'a' + random(8)
        const state = (['open', 'acknowledged', 'dispatched', 'closed'] as const)[random(4)]!
        const a = makeAlert(id, { state, assignee: `at ${event}` })
        server.set(id, a)
        log.push(change(event, visible, a) as Extract<Frame, { prev: number }>)
        visible = event
      }
      for (let i = random(10); i > 0; i--) step()
      let s = start(list(), event)
      for (let i = 0; i < 60; i++) {
        step()
        const what = random(10)
        if (what === 0) continue // the socket was down: this frame is not delivered
        if (what === 1) s = applyFrame(s, log[random(log.length)]!) // an old one again
        if (what === 2) s = applyFrame(s, { type: 'reset' })
        if (what === 3 && !s.broken) s = applySnapshot(s, list(), event)
        if (s.broken) s = applySnapshot(s, list(), event)
        if (what === 4) {
          const after = s.last!
          for (const f of log.filter((x) => x.event > after)) s = applyFrame(s, f) // reconnected by number
        }
        s = applyFrame(s, log.at(-1)!)
      }
      const after = s.broken ? null : s.last!
      if (after === null) s = applySnapshot(s, list(), event)
      else for (const f of log.filter((x) => x.event > after)) s = applyFrame(s, f)
      const got = worklist(s).map((a) => `${a.id} ${a.state} ${a.assignee}`).sort()
      expect(got).toEqual(list().map((a) => `${a.id} ${a.state} ${a.assignee}`).sort())
    }
  })
})

describe('what the board shows', () => {
  it('sorts by severity, then the newest first', () => {
    const at = (m: number) => `2026-11-23T08:0${m}:00Z`
    const s = start([
      makeAlert('y', { severity: 'yellow', rang_at: at(9) }), makeAlert('r1', { rang_at: at(1) }), makeAlert('r2', { rang_at: at(2) }),
      makeAlert('b', { severity: 'blue', rang_at: at(9) }), makeAlert('o', { severity: 'orange', rang_at: at(0) }), makeAlert('x', { state: 'closed' }),
    ], 1)
    expect(ids(s)).toEqual(['r2', 'r1', 'o', 'y', 'b'])
  })

  it('sounds only for red, unacknowledged and not late', () => {
    const s = start([
      makeAlert('ring'), makeAlert('acked', { state: 'acknowledged' }), makeAlert('late', { late: true }), makeAlert('orange', { severity: 'orange' }),
    ], 1)
    expect(sounding(s).map((a) => a.id)).toEqual(['ring'])
  })

  it('tells of news once: opened, rung again, or risen', () => {
    let s = start([makeAlert('a', { severity: 'yellow' })], 1)
    s = applyFrame(s, change(2, 1, makeAlert('b')))
    s = applyFrame(s, change(3, 2, makeAlert('b', { assignee: 'x' })))
    s = applyFrame(s, change(4, 3, makeAlert('b', { state: 'acknowledged' })))
    s = applyFrame(s, change(5, 4, makeAlert('b')))
    s = applyFrame(s, change(6, 5, makeAlert('a', { severity: 'red' })))
    expect(s.news.map((n) => n.event)).toEqual([2, 5, 6])
  })

  it('keeps the newest closed alerts, and no more', () => {
    let s = start([], 0)
    for (let i = 1; i <= keepClosed + 5; i++) s = applyFrame(s, change(i, i - 1, makeAlert('a' + i, { state: 'closed' })))
    expect(s.alerts.size).toBe(keepClosed)
    expect(s.alerts.has('a1')).toBe(false)
    expect(s.alerts.has(`a${keepClosed + 5}`)).toBe(true)
    s = applyFrame(s, change(1000, keepClosed + 5, makeAlert(`a${keepClosed + 5}`)))
    expect(ids(s)).toEqual([`a${keepClosed + 5}`])
    expect(s.closed).not.toContain(`a${keepClosed + 5}`)
  })

  it('keeps the data clock and changed visits', () => {
    let s = start([], 1)
    s = applyFrame(s, { type: 'beat', event: 5, data_as_of: '2026-11-23T08:00:01Z' })
    expect(s.dataAsOf).toBe('2026-11-23T08:00:01Z')
    // A beat does not move the position: it must not hide a lost frame.
    expect(s.last).toBe(1)
    s = applyFrame(s, { type: 'visit.created', event: 6, prev: 1, at: '', visit: makeVisit('v') })
    expect(s.visits.get('v')?.state).toBe('planned')
  })
})

describe('the worklist', () => {
  it('puts what nobody has answered first, and old stories last', () => {
    const s = start([
      makeAlert('late', { severity: 'red', late: true }),
      makeAlert('yellow', { severity: 'yellow', late: false }),
      makeAlert('taken', { severity: 'red', late: false, state: 'acknowledged', rang_at: '2026-11-23T09:00:00Z' }),
      makeAlert('waiting', { severity: 'red', late: false, state: 'open', rang_at: '2026-11-23T08:00:00Z' }),
    ], 10)
    expect(ids(s)).toEqual(['waiting', 'taken', 'yellow', 'late'])
  })
})
