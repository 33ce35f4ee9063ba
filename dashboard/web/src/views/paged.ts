// A list that is read page by page.
import { ref, shallowRef } from 'vue'
import type { Page } from '@/api/types'

export function usePaged<T>(fetch: (cursor: string | undefined) => Promise<Page<T>>, explain: (e: unknown) => string) {
  const items = shallowRef<T[]>([])
  const next = ref<string | null>(null)
  const loading = ref(false)
  const error = ref('')
  let run = 0

  async function load(more: boolean) {
    const mine = ++run
    loading.value = true
    error.value = ''
    try {
      const page = await fetch(more ? next.value ?? undefined : undefined)
      // An answer to an older question is of no use.
      if (mine !== run) return
      items.value = more ? [...items.value, ...page.items] : page.items
      next.value = page.next
    } catch (e) {
      if (mine === run) error.value = explain(e)
    } finally {
      if (mine === run) loading.value = false
    }
  }
  return { items, next, loading, error, reload: () => load(false), more: () => load(true) }
}
