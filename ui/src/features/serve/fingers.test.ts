// Fingers: the walk through the two tables, and that nothing is invented about them.
import { describe, expect, it } from 'vitest'
import type { BiometricMark, BiometricPart, BiometricRow } from '../../gen/api'
import { captured, excepted, isOpen, LEFT, moved, nextOpenFinger, reasonsFor, retake, RIGHT, standing, typed } from './fingers'

const row = (part: BiometricPart, mark: Partial<BiometricMark> | null = null, done = false): BiometricRow => ({
  part, done, at: null,
  mark: mark && { status: 'captured', quality: null, attempts: 1, reason: null, ...mark },
})

describe('arrow keys', () => {
  it('go down one hand and on into the other', () => {
    expect(moved('left_little', 'ArrowDown')).toBe('left_ring')
    expect(moved('left_thumb', 'ArrowDown')).toBe('right_thumb')
    expect(moved('left_little', 'ArrowUp')).toBe('left_little')
    expect(moved('right_little', 'ArrowDown')).toBe('right_little')
  })

  it('cross to the same row of the other hand', () => {
    expect(moved('left_middle', 'ArrowRight')).toBe('right_middle')
    expect(moved('right_little', 'ArrowLeft')).toBe('left_thumb')
    expect(moved('right_little', 'ArrowRight')).toBe('right_little')
    expect(moved('left_index', 'x')).toBe('left_index')
  })
})

describe('what is open', () => {
  it('is the next finger without a final status, round both hands', () => {
    const rows = [...LEFT, ...RIGHT].map((part) => row(part, null, part !== 'left_ring' && part !== 'right_index'))
    expect(nextOpenFinger(rows, 'left_little')).toBe('left_ring')
    expect(nextOpenFinger(rows, 'left_ring')).toBe('right_index')
    expect(nextOpenFinger(rows, 'right_index')).toBe('left_ring')
    expect(nextOpenFinger([], 'right_index')).toBeNull()
  })

  it('is not a finger of low quality: its attempt has happened', () => {
    expect(isOpen(row('left_ring'))).toBe(true)
    expect(isOpen(row('left_ring', { status: 'retake' }))).toBe(true)
    expect(isOpen(row('left_ring', { quality: 12 }))).toBe(false)
    expect(isOpen(row('left_ring', { status: 'not_required' }, true))).toBe(false)
  })
})

describe('how a part stands', () => {
  it('is said in one word', () => {
    expect(standing(row('left_ring'), 60)).toBe('open')
    expect(standing(row('left_ring', {}, true), 60)).toBe('captured')
    expect(standing(row('left_ring', { quality: 60 }, true), 60)).toBe('good')
    expect(standing(row('left_ring', { quality: 59 }), 60)).toBe('low')
    expect(standing(row('left_ring', { quality: 59, attempts: 3 }, true), 60)).toBe('accepted')
    expect(standing(row('left_ring', { status: 'exception', reason: 'worn' }, true), 60)).toBe('exception')
  })
})

describe('marks', () => {
  it('count attempts and keep the quality that was typed', () => {
    expect(captured(row('left_ring'), 88)).toEqual({ status: 'captured', quality: 88, attempts: 1, reason: null })
    expect(captured(row('left_ring', { attempts: 2 }), null)).toEqual({ status: 'captured', quality: null, attempts: 3, reason: null })
  })

  it('do not count a captured attempt twice when it is taken again', () => {
    expect(retake(row('left_ring', { attempts: 2 })).attempts).toBe(2)
    expect(retake(row('left_ring')).attempts).toBe(1)
  })

  it('always give an exception a reason that fits the part', () => {
    expect(excepted(row('signature'), 'cannot_sign').reason).toBe('cannot_sign')
    expect(reasonsFor('signature')[0]).toBe('cannot_sign')
    expect(reasonsFor('left_ring')).not.toContain('cannot_sign')
    expect(reasonsFor('face')).not.toContain('missing')
  })
})

it('a quality is typed digit by digit and never leaves 0 to 100', () => {
  const type = (keys: string[]) => keys.reduce(typed, '')
  expect(type(['8', '8'])).toBe('88')
  expect(type(['1', '0', '0'])).toBe('100')
  expect(type(['1', '0', '1'])).toBe('1')
  expect(type(['8', '8', '8'])).toBe('8')
  expect(type(['0', '5'])).toBe('5')
  expect(type(['8', '8', 'Backspace', 'x'])).toBe('8')
})
