import { expect, it } from 'vitest'
import { betweenBurstsMs, burst, burstLength } from './alarm'

it('has the rhythm of a high-priority alarm: 3 + 2, pause, 3 + 2', () => {
  const p = burst()
  expect(p).toHaveLength(10)
  const gaps = p.slice(1).map((x, i) => x.at - (p[i]!.at + p[i]!.length))
  const usual = gaps[0]!
  expect(usual).toBeGreaterThanOrEqual(0.05)
  expect(usual).toBeLessThanOrEqual(0.125)
  for (const i of [2, 7]) expect(gaps[i]).toBeCloseTo(2 * 0.15 + usual)
  expect(gaps[4]).toBeGreaterThan(0.35)
  expect(gaps[4]).toBeLessThan(1.3)
  for (const x of p) expect(x.hz).toBeGreaterThanOrEqual(150)
})

it('repeats after 2.5 to 15 s', () => {
  expect(betweenBurstsMs).toBeGreaterThanOrEqual(2500)
  expect(betweenBurstsMs).toBeLessThanOrEqual(15000)
  expect(burstLength()).toBeLessThan(5)
})
