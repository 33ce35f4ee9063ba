// The words of the field page, Chinese at hand and English on demand.
import { computed, inject, ref, shallowRef, type InjectionKey } from 'vue'
import { translator, type Translate } from '@/words/word'
import { zh } from '@/words/zh'

const storageKey = 'shouwang.language'

export function createFieldWords(storage: Pick<Storage, 'getItem' | 'setItem'>) {
  const messages = shallowRef<object>(zh)
  const language = ref<'zh' | 'en'>('zh')
  async function speak(l: 'zh' | 'en') {
    // Without a network and without the English words it stays Chinese.
    messages.value = l === 'en' ? await import('@/words/en').then((m) => m.en, () => zh) : zh
    language.value = messages.value === zh ? 'zh' : 'en'
    document.documentElement.lang = language.value === 'en' ? 'en' : 'zh-CN'
  }
  if (storage.getItem(storageKey) === 'en') void speak('en')
  const look = computed(() => translator(() => messages.value))
  const t: Translate = (key, params) => look.value(key, params)
  return {
    t, language,
    switch() {
      const l = language.value === 'zh' ? 'en' : 'zh'
      storage.setItem(storageKey, l)
      return speak(l)
    },
  }
}

export type FieldWords = ReturnType<typeof createFieldWords>
export const wordsKey: InjectionKey<FieldWords> = Symbol('words')

export function useWords(): FieldWords {
  const w = inject(wordsKey)
  if (!w) throw new Error('words are not provided')
  return w
}
