// Languages of the page: Chinese first, English by a switch that is remembered.
import { createI18n } from 'vue-i18n'
import { en } from './en'
import { zh } from './zh'

export const languages = ['zh', 'en'] as const
export type Language = (typeof languages)[number]

const storageKey = 'shouwang.language'

export function storedLanguage(storage: Pick<Storage, 'getItem'>): Language {
  return storage.getItem(storageKey) === 'en' ? 'en' : 'zh'
}

export function storeLanguage(storage: Pick<Storage, 'setItem'>, language: Language) {
  storage.setItem(storageKey, language)
}

export function createWords(language: Language) {
  return createI18n({
    legacy: false,
    locale: language,
    fallbackLocale: 'zh',
    messages: { zh, en },
    // A missing word shows its key; the tests hold both files to one set.
    missingWarn: false,
    fallbackWarn: false,
  })
}

/** Looks a word up; what views and pure functions get handed. */
export type Translate = (key: string, params?: Record<string, unknown>) => string

/** The word for a value of a closed set, or the bare value when it is a new one. */
export function word(t: Translate, group: string, value: string | null | undefined): string {
  if (!value) return ''
  const key = `${group}.${value}`
  const s = t(key)
  return s === key ? value : s
}
