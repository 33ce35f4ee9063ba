import { expect, it } from 'vitest'
import { makeVisit } from '@/testing'
import { groups } from './order'

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
