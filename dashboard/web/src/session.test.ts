import { expect, it } from 'vitest'
import type { Api } from '@/api/endpoints'
import { createAreaNames, createPeopleNames } from '@/session'

async function areaNames(list: { path: string; name: string }[]) {
  const names = createAreaNames({ areas: async () => list } as unknown as Api)
  await names.load()
  return names
}

it('says an area by its names, on the board without the county', async () => {
  const names = await areaNames([{ path: 'sx', name: '莘县' }, { path: 'sx/zl', name: '张鲁镇' }, { path: 'sx/zl/xw', name: '西王村' }])
  expect(names.full('sx/zl/xw')).toBe('莘县 · 张鲁镇 · 西王村')
  expect(names.short('sx/zl/xw')).toBe('张鲁镇 · 西王村')
  expect(names.short('sx')).toBe('莘县')
  expect(names.full('')).toBe('')
})

it('shows who sees one village its name, not the codes above it', async () => {
  const names = await areaNames([{ path: 'sx/zl/xw', name: '西王村' }])
  expect(names.full('sx/zl/xw')).toBe('西王村')
  expect(names.short('sx/zl/xw')).toBe('西王村')
  expect(names.full('sx/zl/yy')).toBe('sx · zl · yy')
  expect(names.short('sx/zl/yy')).toBe('zl · yy')
})

it('says people by their names, and by the account where it has none', async () => {
  const people = createPeopleNames({ rotas: async () => ({ people: [{ user: 'wang', name: '王值班' }, { user: 'li', name: '' }] }) } as unknown as Api)
  expect(people.name('wang')).toBe('wang')
  await people.load()
  expect(people.name('wang')).toBe('王值班')
  expect(people.name('li')).toBe('li')
})
