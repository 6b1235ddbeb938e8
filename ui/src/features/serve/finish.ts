// Ending a visit at this counter: an outcome for each application that is served here. The rule book has the last word;
// what is greyed here only spares the officer a "no" that is certain.
import type { Outcome, Reason, ServeView } from '../../gen/api'

export type OutcomeName = Outcome['outcome']
/** In the order of the number keys. */
export const OUTCOMES: readonly OutcomeName[] = ['accepted', 'awaiting_reupload', 'on_hold', 'refused', 'given_up']

export type Barrier = 'missing' | 'held_up' | 'no_reupload' | 'no_refusal'

/** What is certain to keep this outcome from being taken. */
export function barrier(view: ServeView, outcome: OutcomeName): Barrier | null {
  switch (outcome) {
    case 'accepted':
      if (view.held_up) return 'held_up'
      return view.missing.length > 0 || !view.receipts.some((r) => r.prints > 0) ? 'missing' : null
    case 'awaiting_reupload':
      return view.documents.some((d) => d.state.state === 'reupload_asked') ? null : 'no_reupload'
    case 'refused':
      return view.interview?.result === 'refused' || view.documents.some((d) => d.state.state === 'rejected')
        ? null
        : 'no_refusal'
    case 'on_hold':
    case 'given_up':
      return null
  }
}

/** Outcomes that need nothing more than their key. */
export const isPlain = (outcome: OutcomeName): boolean => outcome !== 'on_hold' && outcome !== 'refused'

export function outcomeOf(name: OutcomeName, until: string | null, reason: Reason): Outcome {
  switch (name) {
    case 'on_hold':
      return { outcome: name, until: until || null }
    case 'refused':
      return { outcome: name, reason }
    case 'accepted':
    case 'awaiting_reupload':
    case 'given_up':
      return { outcome: name }
  }
}

/** The reason of the rejected document, so that it needn't be chosen twice. */
export function likelyReason(view: ServeView): Reason {
  const rejected = view.documents.find((d) => d.state.state === 'rejected')
  return rejected?.state.state === 'rejected' ? rejected.state.reason : 'other'
}
