// The order of work in a case: which step a missing thing belongs to, what comes next, and what is done. Only counts and
// walks through what the desk said; what is needed at all is decided there.
import type { DocumentCard, DocumentKind, FieldRow, FormField, Missing, ScanCard, ServeView } from '../../gen/api'

export const STEPS = ['documents', 'biometrics', 'interview', 'receipt'] as const
export type Step = (typeof STEPS)[number]

export function stepOf(missing: Missing): Step {
  switch (missing.missing) {
    case 'document':
    case 'field':
    case 'payment':
      return 'documents'
    case 'biometrics':
    case 'face_judgement':
      return 'biometrics'
    case 'interview':
      return 'interview'
    case 'receipt':
    case 'print':
      return 'receipt'
  }
}

/** The receipts of this desk: those that can be saved here. */
export const ownReceipt = (view: ServeView) => view.receipts.find((r) => r.own) ?? null

export function isDone(view: ServeView, step: Step): boolean {
  if (step === 'receipt') return view.receipts.some((r) => r.prints > 0)
  return !view.missing.some((m) => stepOf(m) === step)
}

/** Not wanted as the case stands, because something is held up: nothing of it is missing, and it was not done. */
export function isPutOff(view: ServeView, step: Step): boolean {
  if (!view.held_up || !isDone(view, step)) return false
  if (step === 'biometrics') return view.face === null || view.biometrics.some((b) => !b.done)
  return step === 'interview' && view.interview === null
}

/** Where to go once `step` is done: the next one that is not; the receipt if none is left. */
export function nextStep(view: ServeView, step: Step): Step {
  const at = STEPS.indexOf(step)
  return [...STEPS.slice(at + 1), ...STEPS.slice(0, at)].find((s) => !isDone(view, s)) ?? 'receipt'
}

export const isDecided = (card: DocumentCard): boolean =>
  card.state.state === 'accepted' || card.state.state === 'reupload_asked' || card.state.state === 'rejected'

/** The next document that waits for a decision, round the list; null if none does. */
export function nextUndecided(
  cards: DocumentCard[],
  from: DocumentKind | null,
  decided: ReadonlySet<DocumentKind> = new Set(),
): DocumentKind | null {
  const at = cards.findIndex((c) => c.document === from)
  const round = [...cards.slice(at + 1), ...cards.slice(0, at + 1)]
  return round.find((c) => c.state.state === 'undecided' && !decided.has(c.document))?.document ?? null
}

/** The next field nobody has compared yet, round the list; null if none is left. */
export function nextField(
  rows: FieldRow[],
  from: FormField | null,
  compared: ReadonlySet<FormField> = new Set(),
): FormField | null {
  const at = rows.findIndex((r) => r.field === from)
  const round = [...rows.slice(at + 1), ...rows.slice(0, at + 1)]
  return round.find((r) => r.agrees === null && !compared.has(r.field))?.field ?? null
}

export function neighbour<T>(list: readonly T[], at: T | null, by: 1 | -1): T | null {
  if (list.length === 0) return null
  const index = at === null ? -1 : list.indexOf(at)
  const to = index < 0 ? (by > 0 ? 0 : list.length - 1) : (index + by + list.length) % list.length
  return list[to] ?? null
}

/** The upload to look at first: the newest. */
export function newest(scans: ScanCard[]): ScanCard | null {
  return scans.reduce<ScanCard | null>((best, scan) => (best === null || scan.at >= best.at ? scan : best), null)
}

export const missingKey = (m: Missing): string =>
  m.missing === 'document'
    ? `document:${m.document}`
    : m.missing === 'field'
      ? `field:${m.field}`
      : m.missing === 'biometrics'
        ? `biometrics:${m.part}`
        : m.missing

/** Everything between here and "accepted", the receipt included. */
export function wanting(view: ServeView): Missing[] {
  if (view.missing.length > 0) return view.missing
  if (view.receipts.length === 0) return [{ missing: 'receipt' }]
  return view.receipts.some((r) => r.prints > 0) ? [] : [{ missing: 'print' }]
}

/** The missing thing after the one jumped to last. */
export function nextMissing(list: Missing[], last: string | null): Missing | null {
  const at = list.findIndex((m) => missingKey(m) === last)
  return list[(at + 1) % Math.max(1, list.length)] ?? null
}

export interface MissingCounts {
  documents: number
  fields: number
  biometrics: number
  face: boolean
  interview: boolean
  payment: boolean
  receipt: boolean
  print: boolean
}

export function countMissing(list: Missing[]): MissingCounts {
  const many = (kind: Missing['missing']) => list.filter((m) => m.missing === kind).length
  return {
    documents: many('document'),
    fields: many('field'),
    biometrics: many('biometrics'),
    face: many('face_judgement') > 0,
    interview: many('interview') > 0,
    payment: many('payment') > 0,
    receipt: many('receipt') > 0,
    print: many('print') > 0,
  }
}
