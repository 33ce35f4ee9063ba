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

export { word, type Translate } from './word'
