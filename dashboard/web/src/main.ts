import { createApp, watch } from 'vue'
import App from '@/App.vue'
import { createClient } from '@/api/client'
import { createApi } from '@/api/endpoints'
import { may } from '@/api/permissions'
import { createPresence } from '@/duty/presence'
import { createLiveStore, openLiveSocket } from '@/live/store'
import { createPages } from '@/router'
import { cards } from '@/shell/cards'
import { servicesKey, type Services } from '@/services'
import { createAreaNames, createPeopleNames, createProviderNames, createSession } from '@/session'
import { createAlarm } from '@/sound/alarm'
import { createWords, storedLanguage, storeLanguage, type Language } from '@/words'
import '@/styles/base.css'
import '@/styles/parts.css'

function start() {
  const client = createClient({
    onSignedOut: () => services.session.ended(),
    onServerTime: (t) => services.live.serverTime(t),
  })
  const api = createApi(client)
  const areas = createAreaNames(api)
  const people = createPeopleNames(api)
  const providers = createProviderNames(api)
  const presence = createPresence()
  const live = createLiveStore({
    fetchOpen: api.openAlerts, check: api.status, openSocket: openLiveSocket,
    watched: presence.watched, onHello: (f) => presence.limit(f.idle_min),
  })
  presence.onBack(() => live.report())
  const session = createSession(api, {
    onIn(c) {
      if (may.areas(c)) void areas.load().catch(() => undefined)
      if (may.people(c)) void people.load().catch(() => undefined)
      if (may.providers(c)) void providers.load().catch(() => undefined)
      if (may.live(c)) {
        presence.start()
        live.start()
      }
    },
    onOut() {
      live.stop()
      presence.stop()
      forgetVisits()
      void router.push({ name: 'signin' })
    },
  })
  const services: Services = { api, live, alarm: createAlarm(), session, areas, people, providers, presence }
  const router = createPages(session)

  const words = createWords(storedLanguage(localStorage))
  watch(words.global.locale, (l) => {
    storeLanguage(localStorage, l as Language)
    document.documentElement.lang = l === 'en' ? 'en' : 'zh-CN'
  }, { immediate: true })
  document.documentElement.dataset.theme = localStorage.getItem('shouwang.theme') ?? ''

  createApp(App).provide(servicesKey, services).use(router).use(words).directive('cards', cards).mount('#app')
}

/** Names and addresses do not stay on a phone that was signed out. */
function forgetVisits() {
  for (const key of Object.keys(localStorage)) if (key.startsWith('shouwang.visits.')) localStorage.removeItem(key)
  // The field page's; what waits there to be sent stays.
  void import('@/field/shelf').then(async ({ openShelf }) => {
    const shelf = await openShelf()
    for (const key of ['who', 'cards:', 'draft:']) await shelf.forget(key).catch(() => undefined)
  })
}

start()
