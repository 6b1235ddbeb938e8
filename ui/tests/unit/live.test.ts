import { expect, test } from 'vitest'

import type { Changed, Fault } from '../../src/gen/api'
import { Live } from '../../src/shared/live.svelte'

/** A desk whose answers come when the test says so. */
function slowDesk() {
  const asked: { answer: (value: string) => void; fail: (fault: Fault) => void }[] = []
  let hear: (what: Changed) => void = () => {}
  let deaf = false
  const live = new Live(
    () => new Promise<string>((answer, fail) => asked.push({ answer, fail })),
    ['work'],
    (listener) => {
      hear = listener
      return () => (deaf = true)
    },
  )
  return { live, asked, changed: (what: Changed) => hear(what), isDeaf: () => deaf }
}
const settled = () => new Promise((done) => setTimeout(done))

test('asks once, and again when its kind of thing changes', async () => {
  const { live, asked, changed } = slowDesk()
  asked[0]?.answer('one')
  await settled()
  expect(live.value).toBe('one')
  changed('line')
  expect(asked.length).toBe(1)
  changed('work')
  asked[1]?.answer('two')
  await settled()
  expect(live.value).toBe('two')
})

test('many changes during one ask lead to one more ask', async () => {
  const { live, asked, changed } = slowDesk()
  for (let i = 0; i < 5; i++) changed('work')
  expect(asked.length).toBe(1)
  asked[0]?.answer('old')
  await settled()
  expect(asked.length).toBe(2)
  asked[1]?.answer('new')
  await settled()
  expect([live.value, asked.length]).toEqual(['new', 2])
})

test('a fault keeps what was known', async () => {
  const { live, asked, changed } = slowDesk()
  asked[0]?.answer('known')
  await settled()
  changed('work')
  asked[1]?.fail({ code: 'signed_out' })
  await settled()
  expect([live.value, live.fault?.code]).toEqual(['known', 'signed_out'])
})

test('nothing arrives after stop', async () => {
  const { live, asked, isDeaf } = slowDesk()
  live.stop()
  asked[0]?.answer('late')
  await settled()
  expect([live.value, isDeaf()]).toEqual([null, true])
})
