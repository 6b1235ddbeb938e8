// A calendar day as it is typed at a counter: day, month, year, with any mark between them or none. The browser's own
// field writes the order of the PC's region, which on an office PC is as often as not the American one.

export type ReadDay = { day: string } | { wrong: 'not_a_day' | 'past' }

const WITH_MARKS = /^(\d{1,2})\D+(\d{1,2})\D+(\d{4})$/
const DIGITS_ONLY = /^(\d{2})(\d{2})(\d{4})$/

/** Reads "1-12-2026", "01/12/2026" or "01122026" as "2026-12-01"; nothing typed is the empty day. Days are "YYYY-MM-DD". */
export function readDay(text: string, earliest: string): ReadDay {
  const typed = text.trim()
  if (typed === '') return { day: '' }
  const parts = WITH_MARKS.exec(typed) ?? DIGITS_ONLY.exec(typed)
  if (!parts) return { wrong: 'not_a_day' }
  const [date, month, year] = parts.slice(1).map(Number) as [number, number, number]
  const there = new Date(Date.UTC(year, month - 1, date))
  if (there.getUTCMonth() !== month - 1 || there.getUTCDate() !== date) return { wrong: 'not_a_day' }
  const day = there.toISOString().slice(0, 10)
  return day < earliest ? { wrong: 'past' } : { day }
}
