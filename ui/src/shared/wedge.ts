// Tells a scanner from a person. A wedge scanner types its code as a keyboard would, only much faster, and ends with
// Enter. Such a burst belongs to nobody's field: whatever it wrote there is put back as it was.

/** Codes are at least this long. */
export const BURST_CHARS_MIN = 8
/** A person's keys are further apart than this, in the middle of a word too. */
export const BURST_GAP_MAX_MS = 35
/** A longer silence begins a new burst. */
const SILENCE_MS = 120

export class Burst {
  #chars: { char: string; at: number }[] = []

  /** A printable key. Returns true if it begins something new. */
  char(char: string, at: number): boolean {
    const last = this.#chars.at(-1)
    const fresh = !last || at - last.at > SILENCE_MS
    if (fresh) this.#chars = []
    this.#chars.push({ char, at })
    return fresh
  }

  /** Enter: the code, if a scanner typed it. */
  end(at: number): string | null {
    const chars = this.#chars
    this.#chars = []
    const last = chars.at(-1)
    if (chars.length < BURST_CHARS_MIN || !last || at - last.at > SILENCE_MS) return null
    const gaps = chars.slice(1).map((c, i) => c.at - (chars[i]?.at ?? 0))
    const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? Infinity
    return median <= BURST_GAP_MAX_MS ? chars.map((c) => c.char).join('') : null
  }

  reset() {
    this.#chars = []
  }
}

type TextField = HTMLInputElement | HTMLTextAreaElement
interface Before {
  field: TextField
  value: string
  start: number | null
  end: number | null
}

const textField = (target: EventTarget | null): TextField | null =>
  target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement ? target : null

/** Hears bursts at the window, before any field or key does. Returns how to stop. */
export function hearScanner(window: Window, wanted: () => boolean, scanned: (code: string) => void): () => void {
  const burst = new Burst()
  let before: Before | null = null

  const remember = (target: EventTarget | null) => {
    const field = textField(target)
    before = field && { field, value: field.value, start: field.selectionStart, end: field.selectionEnd }
  }
  const putBack = () => {
    if (!before) return
    const { field, value, start, end } = before
    field.value = value
    if (start !== null) field.setSelectionRange(start, end)
    field.dispatchEvent(new Event('input', { bubbles: true }))
    before = null
  }
  const hear = (event: KeyboardEvent) => {
    if (!wanted() || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return burst.reset()
    if (event.key.length === 1) {
      if (burst.char(event.key, event.timeStamp)) remember(event.target)
    } else if (event.key === 'Enter') {
      const code = burst.end(event.timeStamp)
      if (code === null) return
      event.preventDefault()
      event.stopImmediatePropagation()
      putBack()
      scanned(code)
    } else if (event.key !== 'Shift' && event.key !== 'CapsLock') burst.reset()
  }
  window.addEventListener('keydown', hear, { capture: true })
  return () => window.removeEventListener('keydown', hear, { capture: true })
}
