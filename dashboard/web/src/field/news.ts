// Tells when something has changed on the server: the live view, of which only
// the fact is used. Without it the page asks once a minute.

export interface News { onNews: () => void; onUp: () => void; onDown: () => void }

const longestPauseMs = 30_000
const settleMs = 400
/** Without a beat for so long the line is dead. */
const quietMs = 12_000

export function listen(n: News): () => void {
  let socket: WebSocket | null = null
  let stopped = false
  let pause = 1_000
  let timer = 0
  let settle = 0
  let quiet = 0

  function heard() {
    window.clearTimeout(quiet)
    quiet = window.setTimeout(() => socket?.close(), quietMs)
  }
  function open() {
    socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/v1/live`)
    socket.onopen = () => { pause = 1_000; heard(); n.onUp() }
    socket.onmessage = (e: MessageEvent<string>) => {
      heard()
      if (!/"type":"(visit|alert)\./.test(e.data)) return
      window.clearTimeout(settle)
      settle = window.setTimeout(n.onNews, settleMs)
    }
    socket.onclose = () => {
      window.clearTimeout(quiet)
      if (stopped) return
      n.onDown()
      timer = window.setTimeout(open, pause)
      pause = Math.min(longestPauseMs, pause * 2)
    }
  }
  function atOnce() {
    if (stopped || socket?.readyState === WebSocket.OPEN || document.visibilityState !== 'visible') return
    window.clearTimeout(timer)
    pause = 1_000
    if (socket?.readyState !== WebSocket.CONNECTING) open()
  }
  open()
  window.addEventListener('online', atOnce)
  document.addEventListener('visibilitychange', atOnce)
  return () => {
    stopped = true
    window.removeEventListener('online', atOnce)
    document.removeEventListener('visibilitychange', atOnce)
    for (const t of [timer, settle, quiet]) window.clearTimeout(t)
    socket?.close()
  }
}
