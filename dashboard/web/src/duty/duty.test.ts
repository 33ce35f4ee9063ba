import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createPresence } from './presence'
import { fromLocal, stepsText, shiftRow, toLocal } from './duty'
import { createWords } from '@/words'

// A page without a browser: events, and whether it is in view.
let shown: 'visible' | 'hidden' = 'visible'
const page = new EventTarget()
Object.defineProperty(page, 'visibilityState', { get: () => shown })
vi.stubGlobal('document', page)
vi.stubGlobal('window', new EventTarget())

function show(v: typeof shown) {
  shown = v
  document.dispatchEvent(new Event('visibilitychange'))
}

describe('who sits at the board', () => {
  beforeEach(() => { vi.useFakeTimers(); shown = 'visible' })

  it('asks after the time without a touch, and does not count until it is answered', async () => {
    const p = createPresence()
    const back = vi.fn()
    p.onBack(back)
    p.start()
    p.limit(20)
    await vi.advanceTimersByTimeAsync(19 * 60_000)
    expect([p.watched(), p.asking.value]).toEqual([true, false])
    window.dispatchEvent(new Event('keydown'))
    await vi.advanceTimersByTimeAsync(19 * 60_000)
    expect(p.watched()).toBe(true)
    await vi.advanceTimersByTimeAsync(2 * 60_000)
    expect([p.watched(), p.asking.value]).toEqual([false, true])
    window.dispatchEvent(new Event('pointermove'))
    expect(p.watched()).toBe(false)
    p.answer()
    expect([p.watched(), p.asking.value, back.mock.calls.length]).toEqual([true, false, 1])
    p.stop()
  })

  it('does not count while another window is in front, and tells when it is back', () => {
    const p = createPresence()
    const back = vi.fn()
    p.onBack(back)
    p.start()
    p.limit(20)
    show('hidden')
    expect(p.watched()).toBe(false)
    show('visible')
    expect([p.watched(), back.mock.calls.length]).toEqual([true, 1])
    p.stop()
  })

  it('never asks who is not a desk', async () => {
    const p = createPresence()
    p.start()
    await vi.advanceTimersByTimeAsync(24 * 3_600_000)
    expect([p.watched(), p.asking.value]).toEqual([true, false])
    p.stop()
  })
})

describe('steps and shifts in words', () => {
  const t = createWords('zh').global.t

  it('says the times as people do', () => {
    expect(stepsText(0, t)).toBe('响铃时')
    expect(stepsText(60, t)).toBe('60 秒')
    expect(stepsText(300, t)).toBe('5 分钟')
  })

  it('puts a shift on its day, by the hour of the county', () => {
    const row = shiftRow({ from: '2026-11-23T00:00:00Z', to: '2026-11-23T12:00:00Z', people: ['a'] })
    expect(row).toMatchObject({ day: '2026-11-23', from: '08:00', to: '20:00' })
    expect(shiftRow({ from: '2026-11-23T12:00:00Z', to: '2026-11-24T00:00:00Z', people: [] })).toMatchObject({ day: '2026-11-23', from: '20:00', to: '08:00', nextDay: true })
  })
})

describe('a shift that is entered', () => {
  it('is in the county\'s time, wherever the browser is', () => {
    expect(toLocal('2026-11-24T00:30:00Z')).toBe('2026-11-24T08:30')
    expect(Date.parse(fromLocal(toLocal('2026-11-30T23:00:00Z')))).toBe(Date.parse('2026-11-30T23:00:00Z'))
  })
})
