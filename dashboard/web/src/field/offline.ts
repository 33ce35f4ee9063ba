// What of working without a network is to be had in this browser.

/** all: the page opens and keeps what is entered · page: it keeps what is entered,
 * but does not open without a network · none: closing it loses what was not sent. */
export type Offline = 'all' | 'page' | 'none'

export async function offlineIn(lasting: boolean, onRenewed: () => void): Promise<Offline> {
  if (!lasting) return 'none'
  const workers = navigator.serviceWorker
  if (!window.isSecureContext || !workers) return 'page'
  try {
    await workers.register('/field-sw.js', { scope: '/field' })
    workers.addEventListener('message', (e) => { if (e.data === 'renewed') onRenewed() })
    return 'all'
  } catch {
    return 'page'
  }
}

/** Browsers inside other apps, where "open in the browser" helps. */
export function inApp(agent = navigator.userAgent): boolean {
  return /MicroMessenger|DingTalk|AlipayClient|QQ\/|Weibo|Lark|aweme/i.test(agent)
}
