import { describe, expect, it } from 'vitest'
import type { Point } from '@/api/types'
import { chartsFor, shownCharts } from '@/residents/charts'
import { dots, hourly, line, newest, windows } from './series'

const t0 = Date.parse('2026-11-23T00:00:00Z')
const minute = 60_000
const p = (minutes: number, value: number | null): Point => ({ ts: new Date(t0 + minutes * minute).toISOString(), value })
const breaks = (points: Point[]) => line(points).values.filter((v) => v === null).length

describe('line', () => {
  it('draws through regular points', () => {
    const s = line([p(0, 1), p(60, 2), p(120, 3)])
    expect(s.values).toEqual([1, 2, 3])
    expect(s.times[1]).toBe((t0 + 60 * minute) / 1000)
  })

  it('breaks where an hourly device was silent for half a day', () => {
    const s = line([p(0, 1), p(60, 2), p(120, 3), p(840, 4), p(900, 5), p(960, 6)])
    expect(s.values).toEqual([1, 2, 3, null, 4, 5, 6])
  })

  it('breaks at one missing hour of five-minute data', () => {
    const pts = [...Array.from({ length: 12 }, (_, i) => p(i * 5, i)), ...Array.from({ length: 12 }, (_, i) => p(120 + i * 5, i))]
    expect(breaks(pts)).toBe(1)
  })

  it('does not break where hourly history turns into five-minute data', () => {
    const pts = [...Array.from({ length: 10 }, (_, i) => p(i * 60, i)), ...Array.from({ length: 24 }, (_, i) => p(600 + i * 5, i))]
    expect(breaks(pts)).toBe(0)
  })

  it('breaks at a null the server gives, and once only for many', () => {
    expect(line([p(0, 1), p(60, null), p(120, null), p(180, 2)]).values).toEqual([1, null, 2])
    expect(line([p(0, null), p(60, 1), p(120, 2), p(180, null)]).values).toEqual([1, 2])
  })

  it('tolerates jitter, disorder and short pauses', () => {
    expect(breaks([p(0, 1), p(5, 1), p(9, 1), p(15, 1), p(32, 1), p(37, 1)])).toBe(0)
    expect(line([p(60, 2), p(0, 1)]).values).toEqual([1, 2])
  })
})

describe('hourly use from a register', () => {
  const litres = { factor: 1000, fall: 'baseline' } as const

  it('is the difference of each hour, in litres', () => {
    const s = hourly([p(0, 10), p(60, 10.004), p(120, 10.004), p(180, 10.054)], litres)
    expect(s.values.map((v) => Math.round(v! * 10) / 10)).toEqual([4, 0, 50])
    expect(s.times[0]).toBe((t0 + 30 * minute) / 1000)
  })

  it('sums five-minute registers into hours', () => {
    const s = hourly(Array.from({ length: 25 }, (_, i) => p(i * 5, 1 + i * 0.001)), litres)
    expect(s.values.map((v) => Math.round(v!))).toEqual([12, 12])
  })

  it('spreads a difference over hours that are not full ones', () => {
    const s = hourly([p(-30, 0), p(30, 0.01), p(90, 0.01)], litres)
    expect(Math.round(s.values[1]!)).toBe(5)
  })

  it('knows nothing of hours without registers: null, not zero', () => {
    const s = hourly([p(0, 10), p(60, 10.001), p(300, 10.09), p(360, 10.1)], litres)
    expect(s.values.map((v) => (v === null ? null : Math.round(v)))).toEqual([1, null, null, null, null, 10])
  })

  it('takes a fallen register for a changed meter: no use, new baseline', () => {
    const s = hourly([p(0, 999), p(60, 0.5), p(120, 0.502)], litres)
    expect(s.values.map((v) => (v === null ? null : Math.round(v)))).toEqual([2])
  })

  it('forgives rounding of the register', () => {
    expect(hourly([p(0, 100), p(60, 100 - 1e-7)], litres).values).toEqual([0])
  })

  it('counts steps on from zero at midnight', () => {
    const s = hourly([p(0, 4000), p(60, 4100), p(120, 30)], { fall: 'zero' })
    expect(s.values).toEqual([100, 30])
  })

  it('ignores duplicates and a single register', () => {
    expect(hourly([p(0, 1)], litres).values).toEqual([])
    expect(hourly([p(0, 1), p(0, 1), p(60, 1.001)], litres).values.map((v) => Math.round(v!))).toEqual([1])
  })
})

it('finds the newest value that is one', () => {
  expect(newest({ times: [1, 2, 3], values: [5, 6, null] })).toEqual({ at: 2000, value: 6 })
  expect(newest({ times: [], values: [] })).toBeNull()
})

it('shows single points that a line would not', () => {
  expect(dots([1, null, 2])).toEqual([0, 2])
  const many = Array.from({ length: 100 }, (_, i) => (i === 49 || i === 51 ? null : i))
  expect(dots(many)).toEqual([50])
})

it('shows skin temperature only in place of a body temperature that is not measured', () => {
  const names = (have: string[]) => shownCharts(chartsFor(['wristband']), (m) => have.includes(m)).map((s) => s.metric).filter((m) => m.endsWith('temp_c'))
  expect(names([])).toEqual(['body_temp_c'])
  expect(names(['skin_temp_c'])).toEqual(['skin_temp_c'])
  expect(names(['skin_temp_c', 'body_temp_c'])).toEqual(['body_temp_c'])
})

describe('use that the server has summed up', () => {
  const hour = 3_600_000
  const at = (h: number) => `2026-11-23T0${h}:00:00Z`
  const now = Date.parse('2026-11-23T04:30:00Z')
  const points = [
    { ts: at(1), value: 4, readings: 12, expected: 12 }, { ts: at(0), value: null, expected: 12 },
    { ts: at(2), value: 3, readings: 5, expected: 12 }, { ts: at(3), value: 2, readings: 1 }, { ts: at(4), value: 1, readings: 6, expected: 6 },
  ]

  it('keeps gaps, and marks what is not complete or not over', () => {
    const s = windows(points, hour, now)
    expect(s.values).toEqual([null, 4, 3, 2, 1])
    expect(s.partial).toEqual([false, false, true, false, true])
    expect(s.times[0]).toBe(Date.parse(at(0)) / 1000 + 1800)
    expect(newest(s)).toEqual({ at: Date.parse(at(4)) + hour / 2, value: 1, partial: true })
  })
})
