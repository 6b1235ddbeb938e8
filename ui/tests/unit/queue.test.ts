import { expect, test } from 'vitest'

import { notes, payment, service } from '../../src/features/queue/row'
import { listed, recallWait } from '../../src/features/queue/work.svelte'
import type { QueueRow, StageName } from '../../src/gen/api'

const row = (ticket: string, stage: StageName, more: Partial<QueueRow> = {}): QueueRow => ({
  visit: ticket,
  ticket,
  name: 'AGUS PRASETYO',
  people: 1,
  applications: ['a'],
  kind: 'new',
  age: 'adult',
  priority: null,
  stage,
  slot: 0,
  since: 0,
  arrived: 0,
  overdue: false,
  counter: 3,
  mine: true,
  calls: 0,
  last_call: null,
  hold: null,
  hold_note: '',
  payment: { state: 'paid' },
  outcome: null,
  earlier_passport_but_new: false,
  nik_disagrees: false,
  disputed: false,
  unsent: false,
  reupload_asked: false,
  ...more,
})

test('who has not arrived stands after who waits, and the desk’s order holds', () => {
  const rows = [row('A-1', 'expected'), row('A-2', 'waiting'), row('A-3', 'no_show'), row('A-4', 'waiting')]
  expect(listed(rows, 'all').map((r) => r.ticket)).toEqual(['A-2', 'A-4', 'A-3', 'A-1'])
  expect(listed(rows, 'no_show').map((r) => r.ticket)).toEqual(['A-3'])
})

test('my counter shows its own who wait', () => {
  const rows = [row('A-1', 'waiting', { mine: false }), row('A-2', 'waiting'), row('A-3', 'held')]
  expect(listed(rows, 'mine').map((r) => r.ticket)).toEqual(['A-2'])
})

test('seconds until a recall are counted down to nothing', () => {
  const called = row('A-1', 'called', { last_call: 10_000 })
  expect(recallWait(called, 15, 12_500)).toBe(13)
  expect(recallWait(called, 15, 99_000)).toBe(0)
  expect(recallWait(row('A-1', 'called'), 15, 0)).toBe(0)
})

test('what presses most is said first', () => {
  const said = notes(row('A-1', 'waiting', { unsent: true, priority: 'elderly', disputed: true, people: 3 }))
  expect(said.map((n) => n.id)).toEqual(['disputed', 'priority', 'family', 'unsent'])
})

test('not knowing about a payment is grey and not a warning', () => {
  expect(payment({ state: 'not_checked' }).tone).toBe('plain')
  expect(payment({ state: 'some_paid', paid: 2, of: 3 }).text).toBe('Lunas 2 dari 3')
})

test('a child’s new passport and a family are named', () => {
  expect(service(row('A-1', 'waiting', { age: 'child' }))).toBe('Paspor anak')
  expect(service(row('A-1', 'waiting', { people: 3 }))).toBe('Paspor baru (3)')
})
