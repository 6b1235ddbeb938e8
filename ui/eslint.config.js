// What the compiler can't see: who may import whom, and the two files that may speak to the outside.
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'

import svelteConfig from './svelte.config.js'

const features = ['signin', 'queue', 'sync', 'serve']
const outside = [
  { group: ['@tauri-apps/*'], message: '@tauri-apps is imported in host/tauri.ts only.' },
  { group: ['**/host/tauri', '**/host/http'], message: 'Ask for `desk`; host/index.ts alone picks who stands behind it.' },
]
const noFetch = [
  { name: 'fetch', message: 'fetch is used in host/http.ts only.' },
  { name: 'EventSource', message: 'EventSource is used in host/http.ts only.' },
  { name: 'XMLHttpRequest', message: 'Ask the desk.' },
]

export default ts.config(
  { ignores: ['dist/', 'src/gen/', 'node_modules/'] },
  ...ts.configs.recommended,
  ...svelte.configs['flat/recommended'],
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      'no-restricted-globals': ['error', ...noFetch],
      'no-restricted-imports': ['error', { patterns: outside }],
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // Plain Map and Set are plain on purpose: what is drawn stands in $state.
      'svelte/prefer-svelte-reactivity': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...outside,
            ...features
              .filter((other) => other !== feature)
              .map((other) => ({ group: [`**/${other}/*`, `**/features/${other}/**`], message: 'Features don’t import each other.' })),
          ],
        },
      ],
    },
  })),
  { files: ['src/host/**'], rules: { 'no-restricted-imports': 'off' } },
  { files: ['src/host/http.ts'], rules: { 'no-restricted-globals': 'off' } },
  { files: ['tests/**', '*.config.*'], languageOptions: { globals: { ...globals.node } }, rules: { 'no-console': 'off', 'no-restricted-globals': 'off' } },
)
