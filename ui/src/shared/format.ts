// How numbers, times and dates are written at a counter. Times are the office's, whatever zone the PC thinks it is in.
import { words, type Language } from '../words/index.svelte'

let zone_minutes = 7 * 60
let zone_name = 'WIB'

/** Told once by the session; every time below is written in this zone. */
export function setZone(minutes: number, name: string) {
  zone_minutes = minutes
  zone_name = name
}

/** WIB, WITA or WIT. */
export const zone = () => zone_name

const two = (n: number) => String(n).padStart(2, '0')
const shifted = (ms: number) => new Date(ms + zone_minutes * 60_000)

/** "09.42" */
export function time(ms: number): string {
  const t = shifted(ms)
  return `${two(t.getUTCHours())}.${two(t.getUTCMinutes())}`
}

const DAYS: Record<Language, string[]> = {
  id: ['Min', 'Sen', 'Sel', 'Rab', 'Kam', 'Jum', 'Sab'],
  en: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'],
}
const MONTHS: Record<Language, string[]> = {
  id: ['Jan', 'Feb', 'Mar', 'Apr', 'Mei', 'Jun', 'Jul', 'Agu', 'Sep', 'Okt', 'Nov', 'Des'],
  en: ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'],
}

/** "Sen 23 Nov 2026" */
export function date(ms: number, language: Language = words.language): string {
  const t = shifted(ms)
  return `${DAYS[language][t.getUTCDay()]} ${t.getUTCDate()} ${MONTHS[language][t.getUTCMonth()]} ${t.getUTCFullYear()}`
}

/** "23 Nov" */
export function dayMonth(ms: number, language: Language = words.language): string {
  const t = shifted(ms)
  return `${t.getUTCDate()} ${MONTHS[language][t.getUTCMonth()]}`
}

/** "23 Nov 09.42" */
export const dayTime = (ms: number): string => `${dayMonth(ms)} ${time(ms)}`

/** A calendar day 'YYYY-MM-DD' as "23 Nov 2026"; never through a clock. */
export function plainDay(day: string, language: Language = words.language): string {
  const [year, month, date] = day.split('-')
  return `${Number(date)} ${MONTHS[language][Number(month) - 1]} ${year}`
}

/** A calendar day 'YYYY-MM-DD' as "Sen 23 Nov 2026". */
export const longDay = (day: string, language: Language = words.language): string =>
  `${DAYS[language][new Date(`${day}T00:00Z`).getUTCDay()]} ${plainDay(day, language)}`

/** A calendar day 'YYYY-MM-DD' as on the card: "12-03-1990". */
export function cardDate(day: string): string {
  const [year, month, date] = day.split('-')
  return `${date}-${month}-${year}`
}

/** "mm.ss", "81.05" beyond the hour. */
export function minutesSeconds(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  return `${two(Math.floor(s / 60))}.${two(s % 60)}`
}

/** "hh.mm" of waiting. */
export function hoursMinutes(ms: number): string {
  const m = Math.max(0, Math.floor(ms / 60_000))
  return `${two(Math.floor(m / 60))}.${two(m % 60)}`
}

/** "Rp350.000" */
export const rupiah = (amount: number): string => `Rp${String(Math.round(amount)).replace(/\B(?=(\d{3})+$)/g, '.')}`

/** "21 GB", "1,8 MB": decimal point of the language. */
export function bytes(n: number, language: Language = words.language): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB']
  let value = n
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const text = value >= 10 || unit === 0 ? String(Math.round(value)) : value.toFixed(1)
  return `${language === 'id' ? text.replace('.', ',') : text} ${units[unit]}`
}

/** "W012": a workstation. */
export const deskName = (desk: number): string => `W${String(desk).padStart(3, '0')}`
