import { expect, it } from 'vitest'
import { tel } from './tel'

it('dials whole numbers, and none that is hidden in part', () => {
  expect(tel('+86 138-1234-5678')).toBe('tel:+8613812345678')
  for (const n of ['138****5678', '', null, undefined]) expect(tel(n)).toBeUndefined()
})
