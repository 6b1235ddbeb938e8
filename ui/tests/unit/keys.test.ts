import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { Keys, LONE_KEY_WAIT_MS, matches, type Shortcut } from '../../src/shared/keys.svelte'

class Field {}
const globalNames = ['HTMLElement', 'HTMLInputElement', 'HTMLTextAreaElement', 'HTMLSelectElement'] as const

let listeners: { late: boolean; hear: (event: KeyboardEvent) => void }[] = []
const aWindow = {
  addEventListener: (_: string, hear: (event: KeyboardEvent) => void, options?: { capture: boolean }) => listeners.push({ late: !options?.capture, hear }),
  removeEventListener: () => {},
} as unknown as Window

interface Pressed {
  ctrlKey?: boolean
  shiftKey?: boolean
  altKey?: boolean
  repeat?: boolean
  target?: unknown
}
function press(key: string, how: Pressed = {}) {
  const event = {
    key,
    code: '',
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    shiftKey: false,
    repeat: false,
    isComposing: false,
    target: null,
    defaultPrevented: false,
    stopped: false,
    preventDefault() {
      this.defaultPrevented = true
    },
    stopPropagation() {
      this.stopped = true
    },
    ...how,
  }
  for (const { hear, late } of listeners.toSorted((a, b) => Number(a.late) - Number(b.late))) {
    if (!event.stopped || !late) hear(event as unknown as KeyboardEvent)
  }
  return event
}

let keys: Keys
let pressed: string[]
const shortcut = (key: string, more: Partial<Shortcut> = {}): Shortcut => ({ key, id: key, label: key, run: () => pressed.push(key), ...more })

beforeEach(() => {
  for (const name of globalNames) vi.stubGlobal(name, Field)
  vi.useFakeTimers()
  listeners = []
  pressed = []
  keys = new Keys()
  keys.listen(aWindow)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('a key does what was registered', () => {
  keys.add(() => [shortcut('F2'), shortcut('Shift+F3'), shortcut('Ctrl+K')])
  press('F2')
  press('F3', { shiftKey: true })
  press('k', { ctrlKey: true })
  expect(pressed).toEqual(['F2', 'Shift+F3', 'Ctrl+K'])
})

test('a held key acts once', () => {
  keys.add(() => [shortcut('F8'), shortcut('ArrowDown', { repeat: true })])
  press('F8')
  expect(press('F8', { repeat: true }).defaultPrevented).toBe(true)
  press('ArrowDown', { repeat: true })
  expect(pressed).toEqual(['F8', 'ArrowDown'])
})

test('a key out of reach says why and does nothing', () => {
  const said: string[] = []
  keys.refused = (why) => said.push(why)
  keys.add(() => [shortcut('F12', { whyNot: 'two documents' })])
  press('F12')
  expect(pressed).toEqual([])
  expect(said).toEqual(['two documents'])
})

test('a dialog silences the screen behind it, but not the lock', () => {
  keys.add(() => [shortcut('F2'), shortcut('Ctrl+L', { always: true })])
  const closed = keys.add(() => [shortcut('F8')], true)
  press('F2')
  press('F8')
  press('l', { ctrlKey: true })
  expect(pressed).toEqual(['F8', 'Ctrl+L'])
  closed()
  press('F2')
  expect(pressed).toEqual(['F8', 'Ctrl+L', 'F2'])
})

test('the innermost meaning of a key wins', () => {
  const inner: string[] = []
  keys.add(() => [shortcut('F4')])
  keys.add(() => [shortcut('F4', { run: () => inner.push('F4') })])
  press('F4')
  expect([pressed, inner]).toEqual([[], ['F4']])
})

test('the window never answers to a function key itself', () => {
  expect(press('F5').defaultPrevented).toBe(true)
})

test('a lone digit waits, so that a scanner presses nothing', () => {
  keys.add(() => [shortcut('1'), shortcut('2')])
  press('1')
  press('2')
  expect(pressed).toEqual([])
  vi.advanceTimersByTime(LONE_KEY_WAIT_MS)
  expect(pressed).toEqual(['2'])
})

test('keys are told apart by what is held with them', () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false }
  expect(matches('R', { ...plain, key: 'r' })).toBe(true)
  expect(matches('R', { ...plain, key: 'R', shiftKey: true })).toBe(false)
  expect(matches('Shift+R', { ...plain, key: 'R', shiftKey: true })).toBe(true)
  expect(matches('?', { ...plain, key: '?', shiftKey: true })).toBe(true)
  expect(matches('+', { ...plain, key: '+', shiftKey: true })).toBe(true)
  expect(matches('Ctrl+1', { ...plain, key: '1', ctrlKey: true })).toBe(true)
  expect(matches('Alt+Y', { ...plain, key: '¥', code: 'KeyY', altKey: true })).toBe(true)
  expect(matches('F3', { ...plain, key: 'F3', shiftKey: true })).toBe(false)
})
