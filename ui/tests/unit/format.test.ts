import { afterEach, expect, test } from 'vitest'

import { bytes, cardDate, date, dayTime, deskName, hoursMinutes, minutesSeconds, plainDay, rupiah, setZone, time, zone } from '../../src/shared/format'

const AT = Date.UTC(2026, 10, 23, 2, 42)

afterEach(() => setZone(420, 'WIB'))

test('times are those of the office', () => {
  expect(time(AT)).toBe('09.42')
  setZone(540, 'WIT')
  expect([time(AT), zone()]).toEqual(['11.42', 'WIT'])
})

test('the date turns at the office’s midnight', () => {
  const late = Date.UTC(2026, 10, 22, 16, 30)
  expect(date(late, 'id')).toBe('Min 22 Nov 2026')
  setZone(480, 'WITA')
  expect(date(late, 'id')).toBe('Sen 23 Nov 2026')
  expect(date(late, 'en')).toBe('Mon 23 Nov 2026')
  expect(dayTime(late)).toBe('23 Nov 00.30')
})

test('a day of birth never passes through a clock', () => {
  expect(cardDate('1990-03-12')).toBe('12-03-1990')
  expect(plainDay('2026-05-01', 'id')).toBe('1 Mei 2026')
  expect(plainDay('2026-05-01', 'en')).toBe('1 May 2026')
})

test('durations', () => {
  expect(minutesSeconds(760_000)).toBe('12.40')
  expect(minutesSeconds(-5)).toBe('00.00')
  expect(hoursMinutes(41 * 60_000)).toBe('00.41')
})

test('money and sizes', () => {
  expect(rupiah(350_000)).toBe('Rp350.000')
  expect(rupiah(1_000_000)).toBe('Rp1.000.000')
  expect(bytes(1_800_000, 'id')).toBe('1,8 MB')
  expect(bytes(1_800_000, 'en')).toBe('1.8 MB')
  expect(bytes(21e9, 'id')).toBe('21 GB')
  expect(deskName(12)).toBe('W012')
})
