// The keyboard of a screen. Whoever is on screen says which keys mean what; the key bar, the help sheet and the palette
// are drawn from the same list, so a key never does what is not written somewhere. A key may be out of reach, with a
// reason; it never moves.
import { untrack } from 'svelte'

export interface Shortcut {
  /** 'F8', 'Shift+F9', 'Ctrl+K', 'Alt+ArrowRight', 'Enter', 'Escape', '1'. */
  key: string
  id: string
  label: string
  /** For the key bar of a small window. */
  short?: string
  run(): void
  /** Why it can't be pressed now; null or absent if it can. */
  whyNot?: string | null
  tone?: 'danger'
  /** Place on the key bar; F1 to F12 and Shift+F1 to Shift+F12 have theirs already. */
  place?: number
  /** May go on while the key is held. */
  repeat?: boolean
  /** Holds in dialogs too. */
  always?: boolean
  /** Not on the help sheet and the palette. */
  hidden?: boolean
}

interface Scope {
  order: number
  modal: boolean
  list: () => Shortcut[]
}

/** A lone letter or digit waits this long: if another follows at once, a scanner is typing and not the officer. */
export const LONE_KEY_WAIT_MS = 45

const NAMES: { [name: string]: string } = { esc: 'escape', space: ' ', plus: '+' }

interface Chord {
  ctrl: boolean
  alt: boolean
  shift: boolean
  key: string
}

export function parse(text: string): Chord {
  const parts = text === '+' ? ['+'] : text.split('+')
  const key = (parts.pop() ?? '').toLowerCase()
  const mods = parts.map((p) => p.toLowerCase())
  return { ctrl: mods.includes('ctrl'), alt: mods.includes('alt'), shift: mods.includes('shift'), key: NAMES[key] ?? key }
}

export interface KeyPress {
  key: string
  code?: string
  ctrlKey: boolean
  metaKey: boolean
  altKey: boolean
  shiftKey: boolean
}

export function matches(text: string, press: KeyPress): boolean {
  const chord = parse(text)
  if (chord.ctrl !== (press.ctrlKey || press.metaKey) || chord.alt !== press.altKey) return false
  const pressed = press.key.toLowerCase()
  // Shift makes '?' and '+' on some layouts and '/' on others; for signs it is part of the sign.
  const sign = chord.key.length === 1 && !/[a-z0-9]/.test(chord.key)
  if (!sign && chord.shift !== press.shiftKey) return false
  if (chord.key === pressed) return true
  // With Alt or Ctrl some layouts give another character; the place of the key decides then.
  if (!chord.ctrl && !chord.alt) return false
  return press.code === `Key${chord.key.toUpperCase()}` || press.code === `Digit${chord.key}`
}

const isLone = (press: KeyPress) => press.key.length === 1 && !press.ctrlKey && !press.metaKey && !press.altKey
const isChord = (press: KeyPress) => press.ctrlKey || press.metaKey || press.altKey || /^F\d+$/.test(press.key)

const TYPING = new Set(['text', 'search', 'password', 'email', 'tel', 'url', 'number', 'date', 'time'])

export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return TYPING.has(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable
}

/** Things that Enter and Space operate by themselves. */
function operates(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('button, a[href], input, select, textarea, summary') !== null
}

export class Keys {
  #scopes = $state.raw<Scope[]>([])
  #order = 0
  #waiting: ReturnType<typeof setTimeout> | null = null

  /** Everything that can be pressed now, the innermost first. */
  active: Shortcut[] = $derived.by(() => {
    const floor = Math.max(-1, ...this.#scopes.filter((s) => s.modal).map((s) => s.order))
    return this.#scopes
      .toSorted((a, b) => b.order - a.order)
      .flatMap((s) => (s.order >= floor ? s.list() : s.list().filter((one) => one.always)))
  })

  /** Is a dialog open? */
  modal: boolean = $derived(this.#scopes.some((s) => s.modal))

  /** Told when a key was pressed that can't be pressed now. */
  refused: (why: string) => void = () => {}

  /** Registers while the component lives. A modal scope silences what was there before it. */
  scope(list: () => Shortcut[], options: { modal?: boolean } = {}) {
    const order = this.#order++
    $effect(() => this.add(list, options.modal ?? false, order))
  }

  /** The same outside of components; returns how to take it away again. */
  add(list: () => Shortcut[], modal = false, order = this.#order++): () => void {
    const scope: Scope = { order, modal, list }
    this.#scopes = [...untrack(() => this.#scopes), scope]
    return () => {
      this.#scopes = untrack(() => this.#scopes).filter((s) => s !== scope)
    }
  }

  find(id: string): Shortcut | undefined {
    return this.active.find((s) => s.id === id)
  }

  press(shortcut: Shortcut) {
    if (shortcut.whyNot) this.refused(shortcut.whyNot)
    else shortcut.run()
  }

  /** Hears the window; returns how to stop. */
  listen(window: Window): () => void {
    const early = (event: KeyboardEvent) => {
      this.#settle()
      if (isChord(event)) this.#take(event)
    }
    const late = (event: KeyboardEvent) => {
      if (!event.defaultPrevented && !isChord(event)) this.#take(event)
    }
    window.addEventListener('keydown', early, { capture: true })
    window.addEventListener('keydown', late)
    return () => {
      window.removeEventListener('keydown', early, { capture: true })
      window.removeEventListener('keydown', late)
      this.#settle()
    }
  }

  /** A lone key that waited was the beginning of something longer. */
  #settle() {
    if (this.#waiting !== null) clearTimeout(this.#waiting)
    this.#waiting = null
  }

  #take(event: KeyboardEvent) {
    if (event.isComposing) return
    const lone = isLone(event)
    if (takesText(event.target) && matches('Ctrl+Z', event)) return
    if (lone && takesText(event.target)) return
    if ((event.key === 'Enter' || event.key === ' ') && !isChord(event) && operates(event.target)) return
    const found = this.active.find((s) => matches(s.key, event))
    // The window's own help, search, reload and tools must never answer to a key that the key bar shows.
    if (found || /^F\d+$/.test(event.key)) event.preventDefault()
    if (!found) return
    event.stopPropagation()
    if (event.repeat && !found.repeat) return
    if (lone && event.key !== ' ') {
      this.#settle()
      this.#waiting = setTimeout(() => {
        this.#waiting = null
        const still = this.find(found.id)
        if (still) this.press(still)
      }, LONE_KEY_WAIT_MS)
    } else this.press(found)
  }
}

export const keys = new Keys()
