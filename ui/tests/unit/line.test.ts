import { expect, test } from 'vitest'

import type { LineView } from '../../src/gen/api'
import { lineState } from '../../src/shared/line'

const line = (more: Partial<LineView>): LineView => ({
  online: true,
  since: 0,
  heard_at: 0,
  unsent: 0,
  oldest_unsent: null,
  attention: 0,
  clock_offset_ms: 0,
  offline_days_left: 14,
  scans_here: 0,
  scans_wanted: 0,
  ...more,
})

test('the worst that is true is shown', () => {
  expect(lineState(line({}))).toBe('online')
  expect(lineState(line({ unsent: 1 }))).toBe('sending')
  expect(lineState(line({ unsent: 1, attention: 1 }))).toBe('action')
  expect(lineState(line({ online: false, unsent: 1, attention: 1 }))).toBe('offline')
})

test('green is never shown while anything is unsent', () => {
  for (const online of [true, false]) {
    for (const attention of [0, 2]) expect(lineState(line({ online, attention, unsent: 3 }))).not.toBe('online')
  }
})
