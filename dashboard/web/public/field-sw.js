// Keeps the shell of the field page (its document, scripts, styles, icons) for
// when there is no network. It keeps no answers of the API: visits and what waits
// to be sent are in the page's own database. Raise the version when what is kept,
// or how, changes; a new build of the page is noticed by its document.
'use strict'

const version = 1
const cacheName = 'shouwang-field-' + version
const page = '/field'
const fixed = ['/field-manifest.json', '/field-192.png', '/field-512.png']

self.addEventListener('install', (event) => {
  event.waitUntil(renew().then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  event.waitUntil(forgetOldVersions().then(() => self.clients.claim()))
})

self.addEventListener('fetch', (event) => {
  const request = event.request
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    if (url.pathname === page) event.respondWith(shell(event))
    return
  }
  // The names of assets hold a hash of what is in them.
  if (url.pathname.startsWith('/assets/') || fixed.includes(url.pathname)) event.respondWith(asset(request))
})

/** The page at once as it was kept; a newer one is fetched for the next time. */
async function shell(event) {
  const cache = await caches.open(cacheName)
  const kept = await cache.match(page)
  if (!kept) return fetch(event.request)
  event.waitUntil(renew().catch(() => undefined))
  return kept
}

async function asset(request) {
  const cache = await caches.open(cacheName)
  const kept = await cache.match(request)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok) await cache.put(request, answer.clone())
  return answer
}

/** Fetches the page, and when it is another one than before all that it names; the
 * page is replaced last, so that what is kept is always whole. */
async function renew() {
  const answer = await fetch(page, { cache: 'no-store', credentials: 'same-origin' })
  const text = await answer.clone().text()
  const assets = text.match(/\/assets\/[\w.-]+/g) || []
  if (!answer.ok || assets.length === 0) throw new Error('no page')
  const cache = await caches.open(cacheName)
  const before = await cache.match(page)
  if (before && (await before.text()) === text) return
  for (const path of [...assets, ...fixed]) {
    if (fixed.includes(path) || !(await cache.match(path))) await cache.add(path)
  }
  await cache.put(page, answer)
  if (!before) return
  for (const request of await cache.keys()) {
    const path = new URL(request.url).pathname
    if (path.startsWith('/assets/') && !assets.includes(path)) await cache.delete(request)
  }
  for (const client of await self.clients.matchAll()) client.postMessage('renewed')
}

async function forgetOldVersions() {
  for (const name of await caches.keys()) {
    if (name.startsWith('shouwang-field-') && name !== cacheName) await caches.delete(name)
  }
}
