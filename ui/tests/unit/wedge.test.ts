import { expect, test } from 'vitest'

import { Burst } from '../../src/shared/wedge'

/** Types a text with the given gaps and says what the burst makes of the Enter after it. */
function typed(text: string, gap: (i: number) => number, enter = 8): string | null {
  const burst = new Burst()
  let at = 1000
  ;[...text].forEach((char, i) => {
    if (i > 0) at += gap(i)
    burst.char(char, at)
  })
  return burst.end(at + enter)
}

test('a scanner is heard', () => {
  expect(typed('LKT1AB23CD', () => 8)).toBe('LKT1AB23CD')
})

test('a scanner that stumbles once is still heard', () => {
  expect(typed('LKT1AB23CD', (i) => (i === 4 ? 70 : 12))).toBe('LKT1AB23CD')
})

test('a person is not a scanner', () => {
  expect(typed('sri.wulandari', () => 90)).toBeNull()
  expect(typed('wulandari', (i) => (i % 2 ? 30 : 60))).toBeNull()
})

test('something short is not a code', () => {
  expect(typed('A-027', () => 5)).toBeNull()
})

test('a code without Enter soon after is not a code', () => {
  expect(typed('LKT1AB23CD', () => 8, 400)).toBeNull()
})

test('what was typed long before does not belong to the code', () => {
  const burst = new Burst()
  burst.char('x', 0)
  expect(burst.char('L', 5000)).toBe(true)
  ;[...'KT1AB23C'].forEach((char, i) => burst.char(char, 5008 + i * 8))
  expect(burst.end(5080)).toBe('LKT1AB23C')
})
