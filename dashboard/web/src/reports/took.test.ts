import { describe, expect, it } from 'vitest'
import { took } from './took'

describe('how long something took', () => {
  it.each([[null, ''], [0, '0:00'], [59.6, '1:00'], [65, '1:05'], [3599, '59:59'], [3600, '1:00:00'], [93_780, '26:03:00']] as const)('%s is %s', (seconds, text) => {
    expect(took(seconds)).toBe(text)
  })
})
