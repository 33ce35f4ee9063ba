import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/client'
import { makeVisit } from '@/testing'
import { createQueue, final, pauseAfter, takeOver, type Queue, type QueueOptions } from './queue'
import { openShelf, type Shelf } from './shelf'
import type { Taken, Waiting } from './types'
import { newUUID } from './uuid'

const offline = () => new Problem(0, 'unreachable', '')
const taken = (w: Waiting): Taken => ({ visit: makeVisit(w.visit), conflict: '' })

/** Timers that run when they are told to. */
function clock() {
  let at = 1_000_000
  const set = new Map<number, { fn: () => void; at: number }>()
  let n = 0
  return {
    now: () => at,
    timers: { set: (fn: () => void, ms: number) => { set.set(++n, { fn, at: at + ms }); return n }, clear: (id: number) => { set.delete(id) } },
    async pass(ms: number) {
      at += ms
      for (const [id, t] of [...set]) if (t.at <= at) { set.delete(id); t.fn() }
      await settled()
    },
  }
}
const settled = () => new Promise<void>((done) => setTimeout(done, 5))

describe('the queue', () => {
  let shelf: Shelf
  let time: ReturnType<typeof clock>
  beforeEach(async () => {
    shelf = await openShelf(undefined)
    time = clock()
  })
  async function queue(over: Partial<QueueOptions> = {}, owner = 'li'): Promise<Queue> {
    let me = owner
    const q = createQueue({
      shelf, send: vi.fn(async (w: Waiting) => taken(w)), whoami: async () => me, onTaken: () => undefined, makeRoom: async () => undefined, onSignedOut: () => undefined,
      now: time.now, timers: time.timers, random: () => 1, ...over,
    })
    await q.open(owner)
    const open = q.open
    return { ...q, open: (user) => { me = user ?? ''; return open(user) } }
  }

  it('keeps what is entered through a dead spot and a killed tab, and sends it in its order with its uuid', async () => {
    const q = await queue({ send: vi.fn().mockRejectedValue(offline()) })
    for (const kind of ['checkin', 'checklist', 'report', 'checkout'] as const) await q.enter('v1', kind, { kind })
    await settled()
    const before = (await shelf.waiting()).map((w) => [w.uuid, w.kind, w.at])
    expect(before.map(([, kind]) => kind)).toEqual(['checkin', 'checklist', 'report', 'checkout'])

    const send = vi.fn(async (w: Waiting) => taken(w))
    const again = await queue({ send })
    await again.flush(true)
    expect(send.mock.calls.map(([w]) => [w.uuid, w.kind, w.at])).toEqual(before)
    expect(again.waiting.value).toEqual([])
    expect(await shelf.waiting()).toEqual([])
  })

  it('stops at the first failure and tries again with growing pauses', async () => {
    const send = vi.fn().mockRejectedValue(offline())
    const q = await queue({ send })
    await q.enter('v1', 'checkin', {})
    await q.enter('v2', 'checkin', {})
    await settled()
    const first = send.mock.calls.length
    expect(q.nextAt.value).not.toBeNull()
    await q.flush()
    expect(send).toHaveBeenCalledTimes(first) // not before the pause is over
    await time.pass(10 * 60_000)
    expect(send).toHaveBeenCalledTimes(first + 1) // the second would have failed too
    expect([1, 2, 3, 20].map((n) => pauseAfter(n, 1))).toEqual([2_000, 4_000, 8_000, 300_000])
  })

  it.each([0, 429, 500, 503])('tries again after status %d', async (status) => {
    const send = vi.fn<(w: Waiting) => Promise<Taken>>().mockRejectedValueOnce(new Problem(status, 'x', '')).mockImplementation(async (w) => taken(w))
    const q = await queue({ send })
    await q.enter('v1', 'report', {})
    await settled()
    expect(q.waiting.value).toHaveLength(1)
    await time.pass(60_000)
    expect(q.waiting.value).toHaveLength(0)
  })

  it.each([400, 403, 404, 413, 422])('keeps what the server will never take (%d), says so, and sends the others', async (status) => {
    const send = vi.fn(async (w: Waiting) => {
      if (w.visit === 'bad') throw new Problem(status, 'x', 'the reason')
      return taken(w)
    })
    const q = await queue({ send })
    await Promise.all([q.enter('bad', 'report', {}), q.enter('good', 'report', {})])
    await settled()
    expect(q.waiting.value.map((w) => [w.visit, w.refused])).toEqual([['bad', 'the reason']])
    expect((await shelf.waiting())[0]?.refused).toBe('the reason')
    expect(final(status)).toBe(true)
    await q.discard(q.waiting.value[0]!.uuid)
    expect(await shelf.waiting()).toEqual([])
  })

  it('sends nothing in the name of another person on the same phone', async () => {
    const send = vi.fn<(w: Waiting) => Promise<Taken>>().mockRejectedValueOnce(offline()).mockImplementation(async (w) => taken(w))
    const q = await queue({ send })
    await q.enter('v1', 'report', {})
    await settled()
    await q.open('wang')
    await q.flush(true)
    expect(send).toHaveBeenCalledTimes(1)
    expect([q.waiting.value.length, q.others.value]).toEqual([0, 1])
    await q.open('li')
    await q.flush(true)
    expect(send).toHaveBeenCalledTimes(2)

    // The cookie is another's although the page does not know it yet.
    const out = vi.fn()
    const cheated = await queue({ send, whoami: async () => 'wang', onSignedOut: out })
    await cheated.enter('v1', 'report', {})
    await settled()
    expect([send.mock.calls.length, out.mock.calls.length, cheated.waiting.value.length]).toEqual([2, 1, 1])
  })

  it('waits for a person to sign in when the session has ended, and loses nothing', async () => {
    const out = vi.fn()
    const q = await queue({ send: vi.fn().mockRejectedValue(new Problem(401, 'x', '')), onSignedOut: out })
    await q.enter('v1', 'report', {})
    await settled()
    expect(out).toHaveBeenCalled()
    expect(await shelf.waiting()).toHaveLength(1)
  })

  it('makes room on a full phone; without any it says so, keeps it in the page and sends it', async () => {
    let full = true
    const small: Shelf = { ...shelf, add: async (w) => { if (full) throw new DOMException('full', 'QuotaExceededError'); return shelf.add(w) } }
    const send = vi.fn<(w: Waiting) => Promise<Taken>>().mockRejectedValueOnce(offline()).mockImplementation(async (w) => taken(w))
    const makeRoom = vi.fn(async () => undefined)
    const q = await queue({ shelf: small, send, makeRoom })
    await q.enter('v1', 'photo', {}, new ArrayBuffer(8))
    await settled()
    expect(makeRoom).toHaveBeenCalled()
    expect(q.waiting.value[0]?.unsaved).toBe(true)
    await q.flush(true)
    expect(q.waiting.value).toEqual([])

    const roomy = await queue({ shelf: small, send: vi.fn().mockRejectedValue(offline()), makeRoom: async () => { full = false } })
    await roomy.enter('v1', 'report', {})
    expect(roomy.waiting.value[0]?.unsaved).toBeUndefined()
    expect(await shelf.waiting()).toHaveLength(1)
  })

  it('takes an entry once however often it is asked to send', async () => {
    let release = () => {}
    const gate = new Promise<void>((r) => { release = r })
    const send = vi.fn(async (w: Waiting) => { await gate; return taken(w) })
    const q = await queue({ send })
    await q.enter('v1', 'report', {})
    const all = [q.flush(true), q.flush(true), q.flush()]
    release()
    await Promise.all(all)
    expect(send).toHaveBeenCalledOnce()
  })
})

it('takes over what an older page has left, once', async () => {
  const shelf = await openShelf(undefined)
  const m = new Map([['other', 'x'], ['shouwang.reports.li', JSON.stringify([{ visit: 'v1', report: { uuid: 'u1', outcome: 'well', note: 'n', at: '2026-11-20T08:00:00Z' } }, null])], ['shouwang.reports.wang', '{']])
  const storage = { get length() { return m.size }, key: (i: number) => [...m.keys()][i] ?? null, getItem: (k: string) => m.get(k) ?? null, removeItem: (k: string) => { m.delete(k) } }
  expect(await takeOver(shelf, storage)).toBe(1)
  expect(await shelf.waiting()).toEqual([{ uuid: 'u1', owner: 'li', visit: 'v1', kind: 'report', at: '2026-11-20T08:00:00Z', body: { outcome: 'well', note: 'n' }, n: 1, refused: undefined }])
  expect([...m.keys()]).toEqual(['other'])
  expect(await takeOver(shelf, storage)).toBe(0)
})

it('makes uuids of version 4, all different', () => {
  const many = new Set(Array.from({ length: 500 }, newUUID))
  expect(many.size).toBe(500)
  for (const u of many) expect(u).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
