import { expect, it } from 'vitest'
import { clock, dateOf, duration, full, moment, ms, startOfDay } from './time'
import { createWords, type Translate } from './index'

const zh = createWords('zh').global.t as Translate
const now = Date.parse('2026-11-23T16:30:00Z') // 00:30 on the 24th in Shanghai

it('is in Shanghai time whatever the computer says', () => {
  expect(clock('2026-11-23T16:00:00Z')).toBe('00:00:00')
  expect(full('2026-11-23T15:59:59Z')).toBe('2026-11-23 23:59:59')
  expect(dateOf(now)).toBe('2026-11-24')
  expect(startOfDay(now)).toBe(Date.parse('2026-11-23T16:00:00Z'))
})

it.each([
  ['2026-11-23T16:05:00Z', '今天 00:05'], ['2026-11-23T15:59:00Z', '昨天 23:59'], ['2026-11-24T17:00:00Z', '明天 01:00'],
  ['2026-11-20T01:00:00Z', '11-20 09:00'], ['2025-11-20T01:00:00Z', '2025-11-20 09:00'], [null, '—'], ['nonsense', '—'], ['0001-01-01T00:00:00Z', '—'],
])('%s is %s', (at, want) => expect(moment(at, now, zh)).toBe(want))

it.each([
  [-5000, '0 秒'], [59_999, '59 秒'], [60_000, '1 分钟'], [3_600_000, '1 小时'], [5_700_000, '1 小时 35 分'], [90_000_000, '1 天 1 小时'],
])('%d ms is %s', (d, want) => expect(duration(d, zh)).toBe(want))

it('takes the zero time for none', () => {
  expect(ms('0001-01-01T00:00:00Z')).toBeNull()
  expect(ms(undefined)).toBeNull()
})
