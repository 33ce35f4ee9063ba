// Whether somebody sits at this board: the page is in view, and keys, pointer or
// wheel were touched within the time the server gives. After that the board asks,
// and says nothing of what it shows until it is answered.
import { readonly, ref, type Ref } from 'vue'

export interface Presence {
  /** Somebody is there, by what the page knows. */
  watched(): boolean
  /** The board asks whether somebody is there. */
  asking: Readonly<Ref<boolean>>
  /** Minutes without a touch after which it asks; undefined never asks: no desk. */
  limit(minutes: number | undefined): void
  /** The minutes it asks after. */
  minutes(): number
  answer(): void
  start(): void
  stop(): void
  /** Called when somebody is there again. */
  onBack(fn: () => void): void
}

const touches = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const
/** How often it is looked at whether the time is up. */
const lookEveryMs = 5_000

export function createPresence(now: () => number = Date.now): Presence {
  const asking = ref(false)
  let touched = now()
  let limitMs: number | null = null
  let ticker: number | null = null
  let hidden = false
  const backs = new Set<() => void>()

  const visible = () => document.visibilityState === 'visible'
  const idle = () => limitMs !== null && now() - touched >= limitMs

  function look() {
    asking.value = idle()
    if (!visible()) hidden = true
  }
  function back() {
    touched = now()
    const was = asking.value || hidden
    asking.value = hidden = false
    if (was) for (const fn of backs) fn()
  }
  // While it asks a mouse that is knocked against is no answer.
  const touch = (e: Event) => {
    if (!asking.value) back()
    else if (e.type === 'pointerdown' || e.type === 'keydown' || e.type === 'touchstart') back()
  }
  const shown = () => {
    if (!visible()) hidden = true
    else if (!idle() && hidden) back()
  }

  return {
    watched: () => visible() && !idle(),
    asking: readonly(asking),
    limit(minutes) {
      limitMs = minutes === undefined ? null : minutes * 60_000
      look()
    },
    minutes: () => (limitMs ?? 0) / 60_000,
    answer: back,
    start() {
      if (ticker !== null) return
      touched = now()
      for (const t of touches) window.addEventListener(t, touch, { passive: true })
      document.addEventListener('visibilitychange', shown)
      ticker = setInterval(look, lookEveryMs) as unknown as number
    },
    stop() {
      if (ticker !== null) clearInterval(ticker)
      ticker = null
      asking.value = false
      for (const t of touches) window.removeEventListener(t, touch)
      document.removeEventListener('visibilitychange', shown)
    },
    onBack: (fn) => void backs.add(fn),
  }
}
