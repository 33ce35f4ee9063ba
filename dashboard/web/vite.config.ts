import { fileURLToPath, URL } from 'node:url'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// The Go server that `npm run dev` talks to.
const server = process.env.SHOUWANG_URL ?? 'http://127.0.0.1:8080'

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  define: {
    __VUE_I18N_LEGACY_API__: false,
    __VUE_PROD_DEVTOOLS__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
  },
  build: {
    // Old phones run the field page: Chrome and WebView from 67 on, Safari from 12.
    target: ['es2019', 'chrome67', 'safari12'],
    rolldownOptions: { input: ['index.html', 'field.html'] },
    // The content security policy allows neither data: URLs nor inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '^/field($|[?])': { target: server, bypass: () => '/field.html' },
      '/healthz': server,
      '/readyz': server,
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
})
