import { describe, expect, it } from 'vitest'
import contract from '../../openapi.json'
import { createWords } from '@/words'
import { actionWord, auditActions, detailWords } from './actions'

const words = (language: 'zh' | 'en') => createWords(language).global.t as (key: string) => string
const operations = Object.values(contract.paths).flatMap((path) => Object.values(path).map((o) => (o as { operationId: string }).operationId))

describe('the audit log', () => {
  it('has a word for each operation of the contract, and for what people look for', () => {
    expect(operations.length).toBeGreaterThan(100)
    for (const language of ['zh', 'en'] as const) {
      for (const a of [...operations, ...auditActions]) expect(actionWord(words(language), a), `${language} ${a}`).not.toBe(a)
    }
  })
  it('shows others as they are', () => {
    expect(actionWord((k) => k, 'brand-new')).toBe('brand-new')
    expect(actionWord(words('zh'), 'brand-new')).toBe('brand-new')
  })
  it.each([
    ['set-resident-state', 'active to hospital', '在家守护 → 住院'],
    ['sign-in-refused', 'wrong password', '密码不对'],
    ['sign-in-refused', '20 with names that no account has', '20 次，用户名不存在'],
    ['put-consent', 'water, position: granted false', '用水、位置 · 撤回'],
    ['create-user', 'town_duty', '镇值班员'],
    ['close-alert', '电话里说没事', '电话里说没事'],
  ])('writes the codes of %s %s', (action, detail, said) => {
    expect(detailWords(words('zh'), action, detail)).toBe(said)
  })
})
