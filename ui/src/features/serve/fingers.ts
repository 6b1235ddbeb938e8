// The ten fingers as two tables, and what can be said about each part. Loket writes down the status that the capture
// system shows; nothing in here measures or guesses.
import type { BiometricMark, BiometricPart, BiometricRow, ExceptionReason } from '../../gen/api'

export const LEFT = ['left_little', 'left_ring', 'left_middle', 'left_index', 'left_thumb'] as const
export const RIGHT = ['right_thumb', 'right_index', 'right_middle', 'right_ring', 'right_little'] as const
const ORDER: readonly BiometricPart[] = [...LEFT, ...RIGHT]

export const isFinger = (part: BiometricPart): boolean => ORDER.includes(part)

/** The finger an arrow key leads to: up and down through both hands, left and right to the other hand. */
export function moved(part: BiometricPart, key: string): BiometricPart {
  const at = ORDER.indexOf(part)
  const to =
    key === 'ArrowDown'
      ? at + 1
      : key === 'ArrowUp'
        ? at - 1
        : key === 'ArrowRight' && at < 5
          ? at + 5
          : key === 'ArrowLeft' && at >= 5
            ? at - 5
            : key === 'Home'
              ? 0
              : key === 'End'
                ? ORDER.length - 1
                : at
  return ORDER[Math.max(0, Math.min(ORDER.length - 1, to))] ?? part
}

/** The next finger that needs something, after this one and round; null if none does. */
export function nextOpenFinger(rows: BiometricRow[], after: BiometricPart): BiometricPart | null {
  const open = (part: BiometricPart) => rows.some((r) => r.part === part && !r.done)
  const at = ORDER.indexOf(after)
  return [...ORDER.slice(at + 1), ...ORDER.slice(0, at)].find(open) ?? null
}

export type Standing = 'open' | 'good' | 'captured' | 'low' | 'accepted' | 'retake' | 'exception' | 'not_required'

/** In one word how a part stands. Quality below the limit is accepted once the attempts are used up. */
export function standing(row: BiometricRow, quality_min: number): Standing {
  const mark = row.mark
  if (!mark) return 'open'
  if (mark.status !== 'captured') return mark.status
  if (mark.quality === null) return 'captured'
  if (mark.quality >= quality_min) return 'good'
  return row.done ? 'accepted' : 'low'
}

/** Nothing final is known: a finger of low quality is not open, its attempt has happened. */
export const isOpen = (row: BiometricRow): boolean => !row.done && row.mark?.status !== 'captured'

const ATTEMPTS_MAX = 255
const attempts = (row: BiometricRow, more: 0 | 1) => Math.min(ATTEMPTS_MAX, (row.mark?.attempts ?? 0) + more)

export const captured = (row: BiometricRow, quality: number | null): BiometricMark => ({
  status: 'captured',
  quality,
  attempts: attempts(row, 1),
  reason: null,
})

/** An attempt that failed. One that is already counted, because it was captured, is not counted twice. */
export const retake = (row: BiometricRow): BiometricMark => ({
  status: 'retake',
  quality: null,
  attempts: attempts(row, row.mark?.status === 'captured' ? 0 : 1),
  reason: null,
})

export const excepted = (row: BiometricRow, reason: ExceptionReason): BiometricMark => ({
  status: 'exception',
  quality: null,
  attempts: attempts(row, 0),
  reason,
})

/** Reasons in the order of the number keys. */
export const reasonsFor = (part: BiometricPart): ExceptionReason[] =>
  part === 'signature' ? ['cannot_sign', 'medical'] : isFinger(part) ? ['missing', 'injured', 'worn', 'medical'] : ['injured', 'medical']

/** A quality typed digit by digit, 0 to 100; a digit too many begins anew. */
export function typed(text: string, key: string): string {
  if (key === 'Backspace') return text.slice(0, -1)
  if (!/^\d$/.test(key)) return text
  const longer = text === '0' ? key : text + key
  return Number(longer) <= 100 ? longer : key
}
