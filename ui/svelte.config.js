// Svelte's settings: runes everywhere, scoped class names without inline styles so that the strict CSP holds.
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'

export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true },
}
