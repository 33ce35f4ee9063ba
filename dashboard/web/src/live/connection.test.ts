import { beforeEach, describe, expect, it, vi } from 'vitest'
import { makeAlert } from '@/testing'
import { connectionState, createFeed, maxPauseMs, parseFrame, pauseBefore, staleAfterMs, type Socket } from './connection'
import { applyFrame, applySnapshot, emptyState, type Frame, type LiveState } from './state'

class FakeSocket implements Socket {
  sent: string[] = []
  closed = false
  onopen: (() => void) | null = null
  onmessage: ((e: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  constructor(readonly after: number | null) {}
  send(data: string) { this.sent.push(data) }
  close() { this.closed = true }
  say(f: Frame) { this.onmessage?.({ data: JSON.stringify(f) }) }
}

function setup(lists: { asOf: number }[]) {
  let state: LiveState = emptyState()
  const sockets: FakeSocket[] = []
  let fetched = 0
  const ready: boolean[] = []
  const feed = createFeed({
    open: (after) => {
      const s = new FakeSocket(after)
      sockets.push(s)
      return s
    },
    prepare: async () => {
      if (state.last === null || state.broken) {
        const l = lists[Math.min(fetched++, lists.length - 1)]!
        state = applySnapshot(state, [], l.asOf)
      }
      return state.last
    },
    onFrame: (f) => { state = applyFrame(state, f) },
    position: () => ({ last: state.last, broken: state.broken !== false }),
    onReady: (r) => ready.push(r),
    onHeard: () => undefined,
    random: () => 1,
  })
  return { feed, sockets, ready, fetches: () => fetched, state: () => state }
}

const opened = (event: number, prev: number): Frame => ({ type: 'alert.opened', event, prev, at: '', alert: makeAlert('a' + event) })

beforeEach(() => { vi.useFakeTimers() })

describe('the feed', () => {
  it('opens after the list, goes on by number after a break, without fetching again', async () => {
    const x = setup([{ asOf: 10 }])
    x.feed.start()
    await vi.advanceTimersByTimeAsync(0)
    expect(x.sockets[0]!.after).toBe(10)
    x.sockets[0]!.say({ type: 'hello', event: 10 })
    x.sockets[0]!.say(opened(12, 10))
    x.sockets[0]!.onclose?.()
    await vi.advanceTimersByTimeAsync(maxPauseMs)
    expect(x.sockets).toHaveLength(2)
    expect(x.sockets[1]!.after).toBe(12)
    expect(x.fetches()).toBe(1)
    x.sockets[1]!.say({ type: 'hello', event: 14 })
    x.sockets[1]!.say(opened(14, 12))
    expect([...x.state().alerts.keys()]).toEqual(['a12', 'a14'])
    x.feed.stop()
  })

  it.each([
    ['reset', { type: 'reset' } as Frame],
    ['a broken chain', opened(20, 19)],
    ['an older server', { type: 'hello', event: 3 } as Frame],
  ])('fetches the list again on %s and goes on from there', async (_name, frame) => {
    const x = setup([{ asOf: 10 }, { asOf: 21 }])
    x.feed.start()
    await vi.advanceTimersByTimeAsync(0)
    x.sockets[0]!.say({ type: 'hello', event: 10 })
    x.sockets[0]!.say(frame)
    expect(x.sockets[0]!.closed).toBe(true)
    await vi.advanceTimersByTimeAsync(maxPauseMs)
    expect(x.fetches()).toBe(2)
    expect(x.sockets[1]!.after).toBe(21)
    x.feed.stop()
  })

  it('gives up a silent connection and comes back', async () => {
    const x = setup([{ asOf: 1 }])
    x.feed.start()
    await vi.advanceTimersByTimeAsync(0)
    x.sockets[0]!.say({ type: 'hello', event: 1 })
    await vi.advanceTimersByTimeAsync(staleAfterMs - 1)
    expect(x.sockets[0]!.closed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(x.sockets[0]!.closed).toBe(true)
    expect(x.ready.at(-1)).toBe(false)
    await vi.advanceTimersByTimeAsync(maxPauseMs)
    expect(x.sockets).toHaveLength(2)
    x.feed.stop()
  })

  it('reports what was seen', async () => {
    const x = setup([{ asOf: 1 }])
    x.feed.start()
    await vi.advanceTimersByTimeAsync(0)
    x.sockets[0]!.say({ type: 'hello', event: 1 })
    x.sockets[0]!.say(opened(2, 1))
    x.sockets[0]!.say(opened(3, 2))
    await vi.advanceTimersByTimeAsync(1000)
    expect(x.sockets[0]!.sent).toEqual(['{"type":"seen","event":3}'])
    x.feed.stop()
  })

  it('waits longer each time a server resets again and again', async () => {
    const x = setup([{ asOf: 1 }])
    x.feed.start()
    await vi.advanceTimersByTimeAsync(0)
    const gaps: number[] = []
    for (let i = 0; i < 6; i++) {
      const before = Date.now()
      x.sockets.at(-1)!.say({ type: 'hello', event: 1 })
      x.sockets.at(-1)!.say({ type: 'reset' })
      const n = x.sockets.length
      while (x.sockets.length === n) await vi.advanceTimersByTimeAsync(50)
      gaps.push(Date.now() - before)
    }
    expect(gaps.at(-1)).toBe(maxPauseMs)
    expect(gaps[0]).toBeLessThan(500)
    x.feed.stop()
  })

  it('stops for good', async () => {
    const x = setup([{ asOf: 1 }])
    x.feed.start()
    await vi.advanceTimersByTimeAsync(0)
    x.feed.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(x.sockets).toHaveLength(1)
    expect(x.sockets[0]!.closed).toBe(true)
  })
})

describe('pauses and states', () => {
  it('grows to five seconds at most', () => {
    for (let n = 0; n < 50; n++) {
      expect(pauseBefore(n, 1)).toBeLessThanOrEqual(maxPauseMs)
      expect(pauseBefore(n, 0)).toBeGreaterThan(0)
    }
    expect(pauseBefore(30, 1)).toBe(maxPauseMs)
  })

  it.each([
    [{ lastHeard: null, socketReady: false, now: 0 }, 'connecting'],
    [{ lastHeard: 1000, socketReady: true, now: 10_999 }, 'live'],
    [{ lastHeard: 1000, socketReady: true, now: 11_000 }, 'stale'],
    [{ lastHeard: 1000, socketReady: false, now: 5_000 }, 'connecting'],
    [{ lastHeard: 1000, socketReady: false, now: 11_000 }, 'stale'],
  ] as const)('%j is %s', (c, want) => expect(connectionState(c)).toBe(want))

  it('reads only frames it knows', () => {
    expect(parseFrame('{"type":"beat","event":1}')).toEqual({ type: 'beat', event: 1 })
    expect(parseFrame('{"type":"alert.opened","event":2,"prev":1}')).not.toBeNull()
    for (const bad of ['', 'x', '[]', 'null', '1', '{}', '{"type":5}', '{"type":"alert.opened","event":2}', new ArrayBuffer(1)]) {
      expect(parseFrame(bad)).toBeNull()
    }
  })
})

describe('what was seen', () => {
  it('is said again while somebody is there, not when nobody is, and at once when they are back', async () => {
    let there = true
    const socket = new FakeSocket(10)
    const feed = createFeed({
      open: () => socket, prepare: async () => 10, onFrame: () => undefined, position: () => ({ last: 10, broken: false }),
      onReady: () => undefined, onHeard: () => undefined, watched: () => there,
    })
    feed.start()
    await vi.advanceTimersByTimeAsync(0)
    const beat = async (ms: number) => {
      for (let at = 0; at < ms; at += 3000) {
        socket.say({ type: 'beat', event: 10, data_as_of: null })
        await vi.advanceTimersByTimeAsync(3000)
      }
    }
    socket.say({ type: 'hello', event: 10 })
    await beat(36_000)
    expect(socket.sent).toHaveLength(3) // at once, and every 15 s
    there = false
    await beat(60_000)
    expect(socket.sent).toHaveLength(3)
    there = true
    feed.report()
    expect(socket.sent.at(-1)).toBe('{"type":"seen","event":10}')
    expect(socket.sent).toHaveLength(4)
    feed.stop()
  })
})
