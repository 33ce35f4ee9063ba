// Something a person has asked for: buttons rest while it is under way, and what
// went wrong is said where it was asked.
import { ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { explain } from '@/alerts/actions'

/** what: the word for it, by which an error names it. */
export function useWork(what: string) {
  const { t } = useI18n()
  const working = ref(false)
  const error = ref('')
  /** Whether it succeeded. */
  async function work(task: () => Promise<unknown>): Promise<boolean> {
    working.value = true
    error.value = ''
    try {
      await task()
      return true
    } catch (e) {
      error.value = explain(e, t(what), t)
      return false
    } finally {
      working.value = false
    }
  }
  return { working, error, work }
}
