import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '@/api/client'
import type { ReportBody } from '@/api/endpoints'
import { makeVisit } from '@/testing'
import { groups } from './order'
import { createOutbox, newUUID } from './outbox'

function memory() {
  const m = new Map<string, string>()
  return {
    m, getItem: (k: string) => m.get(k) ?? null, setItem: (k: string, v: string) => { m.set(k, v) }, removeItem: (k: string) => { m.delete(k) },
  }
}
const report = (over: Partial<ReportBody> = {}): ReportBody => ({ uuid: newUUID(), outcome: 'well', note: '', at: '2026-11-23T08:00:00Z', ...over })
const offline = () => new Problem(0, 'unreachable', '')

describe('the outbox', () => {
  let storage: ReturnType<typeof memory>
  beforeEach(() => { storage = memory() })

  it('keeps a report through a dead spot and a closed tab, and sends it with its uuid', async () => {
    const send = vi.fn().mockRejectedValue(offline())
    const box = createOutbox({ send, storage })
    box.open('li')
    const r = report()
    await box.submit('v1', r)
    expect(box.byVisit.value.get('v1')?.report).toEqual(r)

    const later = vi.fn().mockResolvedValue(makeVisit('v1'))
    const sent = vi.fn()
    const again = createOutbox({ send: later, storage })
    again.onSent(sent)
    again.open('li')
    await again.flush()
    expect(later).toHaveBeenCalledExactlyOnceWith('v1', r)
    expect(again.waiting.value).toEqual([])
    expect(storage.m.size).toBe(0)
    expect(sent).toHaveBeenCalledOnce()
  })

  it.each([0, 401, 429, 500, 503])('tries again after status %d', async (status) => {
    const send = vi.fn().mockRejectedValueOnce(new Problem(status, 'x', '')).mockResolvedValue(makeVisit('v1'))
    const box = createOutbox({ send, storage })
    box.open('li')
    await box.submit('v1', report())
    expect(box.waiting.value).toHaveLength(1)
    await box.flush()
    expect(box.waiting.value).toHaveLength(0)
  })

  it.each([400, 403, 404, 409, 422])('keeps what the server will never take (%d), says so, and sends the others', async (status) => {
    const send = vi.fn(async (visit: string) => {
      if (visit === 'bad') throw new Problem(status, 'x', 'the reason')
      return makeVisit(visit)
    })
    const box = createOutbox({ send, storage })
    box.open('li')
    await Promise.all([box.submit('bad', report()), box.submit('good', report())])
    expect(box.waiting.value.map((w) => [w.visit, w.rejected])).toEqual([['bad', 'the reason']])
    await box.flush()
    expect(send).toHaveBeenCalledTimes(2)
    box.discard(box.waiting.value[0]!.report.uuid)
    expect(storage.m.size).toBe(0)
  })

  it('sends each report once however often it is asked to', async () => {
    let release = () => {}
    const gate = new Promise<void>((r) => { release = r })
    const send = vi.fn(async (v: string) => { await gate; return makeVisit(v) })
    const box = createOutbox({ send, storage })
    box.open('li')
    const all = [box.submit('v1', report()), box.flush(), box.flush()]
    release()
    await Promise.all(all)
    expect(send).toHaveBeenCalledOnce()
  })

  it('keeps two people on one phone apart', async () => {
    const box = createOutbox({ send: vi.fn().mockRejectedValue(offline()), storage })
    box.open('li')
    await box.submit('v1', report())
    box.open('wang')
    expect(box.waiting.value).toEqual([])
    box.open('li')
    expect(box.waiting.value).toHaveLength(1)
  })

  it('survives nonsense in the storage', () => {
    for (const s of ['', '{', 'null', '{}', '[1,null,{"visit":1}]']) {
      storage.m.set('shouwang.reports.li', s)
      const box = createOutbox({ send: vi.fn(), storage })
      box.open('li')
      expect(box.waiting.value).toEqual([])
    }
  })
})

it('makes uuids of version 4, all different', () => {
  const many = new Set(Array.from({ length: 500 }, newUUID))
  expect(many.size).toBe(500)
  for (const u of many) expect(u).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

it('groups visits by how they are due, in county time', () => {
  const now = Date.parse('2026-11-23T08:00:00Z') // 16:00 on the 23rd
  const reported = (received: string) => ({ uuid: 'u', outcome: 'well' as const, note: '', at: received, by: 'x', received })
  const g = groups([
    makeVisit('tonight', { due: '2026-11-23T15:59:00Z' }), makeVisit('tomorrow', { due: '2026-11-23T16:00:00Z' }),
    makeVisit('late2', { due: '2026-11-23T07:59:00Z', state: 'started' }), makeVisit('late1', { due: '2026-11-22T07:59:00Z' }),
    makeVisit('off', { state: 'canceled' }), makeVisit('waiting', { due: '2026-11-22T00:00:00Z' }),
    makeVisit('done', { state: 'reported', report: reported('2026-11-23T01:00:00Z') }), makeVisit('long ago', { state: 'reported', report: reported('2026-11-21T01:00:00Z') }),
  ], now, new Set(['waiting']))
  const names = Object.fromEntries(Object.entries(g).map(([k, v]) => [k, (v as { id: string }[]).map((x) => x.id)]))
  expect(names).toEqual({ overdue: ['late1', 'late2'], today: ['tonight'], later: ['tomorrow'], done: ['waiting', 'done'] })
})
