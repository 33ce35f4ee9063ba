import { createApp, watch } from 'vue'
import App from '@/App.vue'
import { createClient } from '@/api/client'
import { createApi } from '@/api/endpoints'
import { may } from '@/api/permissions'
import { createLiveStore, openLiveSocket } from '@/live/store'
import { createPages } from '@/router'
import { servicesKey, type Services } from '@/services'
import { createAreaNames, createSession } from '@/session'
import { createAlarm } from '@/sound/alarm'
import { createOutbox } from '@/visits/outbox'
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
  const outbox = createOutbox({ send: api.reportVisit, storage: localStorage })
  const live = createLiveStore({ fetchOpen: api.openAlerts, check: api.status, openSocket: openLiveSocket })
  const session = createSession(api, {
    onIn(c) {
      if (may.areas(c)) void areas.load().catch(() => undefined)
      if (may.live(c)) live.start()
      if (may.report(c)) {
        outbox.open(c.username)
        void outbox.flush()
      }
    },
    onOut() {
      live.stop()
      outbox.shut()
      forgetVisits()
      void router.push({ name: 'signin' })
    },
  })
  const services: Services = { api, live, alarm: createAlarm(), outbox, session, areas }
  const router = createPages(session)

  // Reports go out whenever there is reason to hope for a network.
  live.onReady(() => void outbox.flush())
  window.addEventListener('online', () => void outbox.flush())

  const words = createWords(storedLanguage(localStorage))
  watch(words.global.locale, (l) => {
    storeLanguage(localStorage, l as Language)
    document.documentElement.lang = l === 'en' ? 'en' : 'zh-CN'
  }, { immediate: true })
  document.documentElement.dataset.theme = localStorage.getItem('shouwang.theme') ?? ''

  createApp(App).provide(servicesKey, services).use(router).use(words).mount('#app')
}

/** Names and addresses do not stay on a phone that was signed out. */
function forgetVisits() {
  for (const key of Object.keys(localStorage)) if (key.startsWith('shouwang.visits.')) localStorage.removeItem(key)
}

start()
