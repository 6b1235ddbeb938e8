// Why a document can't be taken: the coded reasons in the order of their keys, the words for the applicant, and what
// still has to be written before the decision can be saved.
import type { Reason } from '../../gen/api'
import type { Language } from '../../words/index.svelte'

export const REASONS: readonly Reason[] = [
  'blurred', 'cut_off', 'glare', 'wrong_document', 'pages_missing', 'expired', 'data_differs', 'not_original', 'other',
]
/** The rule book takes no longer texts. */
export const TEXT_CHARS_MAX = 500

export type MessageLanguage = Language | 'both'

export function messageFor(
  reason: Reason | null,
  language: MessageLanguage,
  texts: Record<Language, Record<Reason, string>>,
): string {
  if (reason === null) return ''
  if (language !== 'both') return texts[language][reason]
  return [texts.id[reason], texts.en[reason]].filter(Boolean).join('\n')
}

export type Wrong = 'reason' | 'words' | 'long' | 'note'

/** The first thing that keeps the decision from being saved. */
export function wrongWith(
  kind: 'ask_reupload' | 'reject',
  reason: Reason | null,
  message: string,
  note: string,
): Wrong | null {
  if (reason === null) return 'reason'
  if (message.length > TEXT_CHARS_MAX) return 'long'
  if (kind === 'reject' && note.trim() === '') return 'note'
  if (reason === 'other' && message.trim() === '' && note.trim() === '') return 'words'
  return null
}
