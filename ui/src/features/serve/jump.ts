// Leads the officer, and the focus, to the next thing that is missing.
import { tick } from 'svelte'
import type { Case } from './case.svelte'
import { missingKey } from './steps'

/** Things on screen carry the key of what they are missing as `data-missing`. */
export async function jumpToMissing(c: Case) {
  const missing = c.jump()
  if (!missing) return
  await tick()
  const place = missing.missing === 'document' ? '.canvas' : `[data-missing="${missingKey(missing)}"]`
  const found = document.querySelector<HTMLElement>(place)
  found?.focus()
  found?.scrollIntoView({ block: 'nearest' })
}
