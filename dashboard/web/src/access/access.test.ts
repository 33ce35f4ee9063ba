import { describe, expect, it } from 'vitest'
import { createWords } from '@/words'
import { actionWord, auditActions } from './actions'

describe('the audit log', () => {
  it('has a word for each action people look for', () => {
    for (const language of ['zh', 'en'] as const) {
      const t = createWords(language).global.t as (key: string) => string
      for (const a of auditActions) expect(actionWord(t, a), a).not.toMatch(/^access\./)
    }
  })
  it('shows others as they are', () => {
    expect(actionWord((k) => k, 'brand-new')).toBe('brand-new')
  })
})
