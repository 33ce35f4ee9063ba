import { describe, expect, it } from 'vitest'
import { maskName } from './mask'

describe('a masked name', () => {
  it.each([['王小明', '王**'], ['王明', '王*'], ['王', '*'], ['', '*'], ['王**', '王**'], [' 李四 ', '李*'], ['𠮷野家', '𠮷**']])('%s is %s', (name, want) => {
    expect(maskName(name)).toBe(want)
  })
})
