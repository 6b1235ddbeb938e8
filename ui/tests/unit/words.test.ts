import { expect, test } from 'vitest'

import { dictionaries } from '../../src/words/index.svelte'

/** Every leaf with its path. */
function leaves(node: unknown, path = ''): [string, unknown][] {
  if (typeof node !== 'object' || node === null) return [[path, node]]
  return Object.entries(node).flatMap(([key, value]) => leaves(value, `${path}.${key}`))
}

test('both languages have the same words', () => {
  const kinds = (node: unknown) => leaves(node).map(([path, leaf]) => `${path}: ${typeof leaf}`).toSorted()
  expect(kinds(dictionaries.en)).toEqual(kinds(dictionaries.id))
})

/** Starts empty on purpose: "other" is written by the officer. */
const WRITTEN_BY_OFFICER = '.serve.toApplicant.other'

for (const language of ['id', 'en'] as const) {
  test(`no word is empty (${language})`, () => {
    const bad = leaves(dictionaries[language]).filter(([path, leaf]) => typeof leaf !== 'function' && (typeof leaf !== 'string' || (leaf.trim() === '' && path !== WRITTEN_BY_OFFICER)))
    expect(bad).toEqual([])
  })
}
