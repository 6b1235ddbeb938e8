import { expect, it } from 'vitest'
import { readDay } from '../../src/shared/day'

const TODAY = '2026-11-23'

it.each([
  ['1-12-2026', '2026-12-01'],
  ['01/12/2026', '2026-12-01'],
  ['01.12.2026', '2026-12-01'],
  ['1 12 2026', '2026-12-01'],
  ['01122026', '2026-12-01'],
  ['23-11-2026', TODAY],
  ['29-02-2028', '2028-02-29'],
  ['  ', ''],
])('a hold until "%s" is until %s', (typed, day) => expect(readDay(typed, TODAY)).toEqual({ day }))

it.each(['besok', '31-11-2026', '29-02-2027', '12-31-2026', '0-1-2027', '1-12-26', '112026'])('"%s" is no day', (typed) =>
  expect(readDay(typed, TODAY)).toEqual({ wrong: 'not_a_day' }),
)

it('yesterday is over', () => expect(readDay('22-11-2026', TODAY)).toEqual({ wrong: 'past' }))
