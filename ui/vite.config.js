// Builds the window's pages into one script and one style sheet: the CSP allows nothing inline and nothing from elsewhere.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

const desk = process.env.LOKET_DESK_URL ?? 'http://127.0.0.1:7420'

export default defineConfig({
  plugins: [svelte()],
  base: './',
  build: { target: 'es2022', outDir: 'dist', assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { port: 5173, strictPort: true, proxy: { '/call': desk, '/events': desk, '/picture': desk } },
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
  test: { include: ['src/**/*.test.ts', 'tests/unit/**/*.test.ts'], environment: 'node' },
})
