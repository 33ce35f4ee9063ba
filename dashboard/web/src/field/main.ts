import { createApp } from 'vue'
import { createClient } from '@/api/client'
import { createFieldApi } from './api'
import FieldApp from './FieldApp.vue'
import { openShelf } from './shelf'
import { createField, fieldKey } from './store'
import { createFieldWords, wordsKey } from './words'
import '@/styles/base.css'
import '@/styles/parts.css'
import './field.css'

async function start() {
  document.documentElement.dataset.theme = localStorage.getItem('shouwang.theme') ?? ''
  let skew = 0
  const api = createFieldApi(createClient({
    onServerTime(server) {
      const off = server - Date.now()
      // Date is to the second, and the answer took its time.
      skew = Math.abs(off) < 5_000 ? 0 : off
    },
  }))
  const field = createField({ api, shelf: await openShelf(), storage: localStorage, skew: () => skew })
  createApp(FieldApp).provide(fieldKey, field).provide(wordsKey, createFieldWords(localStorage)).mount('#field')
  await field.start()
}

void start()
