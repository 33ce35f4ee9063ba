import { describe, expect, it } from 'vitest'
import { moved, payload, same } from './order'

describe('the order of channels', () => {
  it('moves one by a step and stops at the ends', () => {
    expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c'])
    expect(moved(['a', 'b', 'c'], 2, 1)).toEqual(['a', 'b', 'c'])
    expect(moved(['a', 'b', 'c'], 0, -1)).toEqual(['a', 'b', 'c'])
  })

  it('sends quiet hours only whole, and nothing the server alone knows', () => {
    const sent = payload('zh', [
      { channel: 'sms', address: '1', enabled: true, quiet_from: '22:00', verified_at: '2026-11-23T00:00:00Z' },
      { channel: 'voice', address: '1', enabled: false, quiet_from: '22:00', quiet_to: '07:00' },
    ])
    expect(sent.channels).toEqual([
      { channel: 'sms', address: '1', enabled: true },
      { channel: 'voice', address: '1', enabled: false, quiet_from: '22:00', quiet_to: '07:00' },
    ])
  })

  it('sees a change of order, not a test', () => {
    const a = { channel: 'sms', address: '1', enabled: true }
    const b = { channel: 'voice', address: '1', enabled: true }
    expect(same({ language: 'zh', channels: [a, b] }, { language: 'zh', channels: [b, a] })).toBe(false)
    expect(same({ language: 'zh', channels: [a] }, { language: 'zh', channels: [{ ...a, verified_at: '2026-11-23T00:00:00Z' }] })).toBe(true)
  })
})
