// The case on the screen: what is being looked at, and the acts of the officer in the order in which keys were pressed.
// What an act is about is fixed at the key press, so nothing is ever decided about a document that was not on screen.
import { SvelteMap, SvelteSet } from 'svelte/reactivity'
import { desk } from '../../desk'
import type {
  Act, Action, ApplicationNo, BiometricMark, BiometricPart, BiometricRow, DocumentCard, DocumentKind, Digest, FaceJudgement,
  Fault, FieldRow, FormField, Interview, Missing, Reason, Recorded, Refusal, ScanCard, ServeView, Subject, VisitId,
} from '../../gen/api'
import { Live } from '../../shared/live.svelte'
import { refusalSentence } from '../../shared/sentences'
import { session, type Sentence } from '../../shared/session.svelte'
import { words } from '../../words/index.svelte'
import { captured, isFinger, isOpen } from './fingers'
import { Look } from './look.svelte'
import { Scans } from './scans.svelte'
import {
  isDone, missingKey, neighbour, newest, nextField, nextMissing, nextStep, nextUndecided, stepOf, wanting, type Step,
} from './steps'

export type Ask =
  | { ask: 'finish' }
  | { ask: 'hold' }
  | { ask: 'proof' }
  | { ask: 'exception'; part: BiometricPart }
  | { ask: 'correct'; what: string; by: string; command: NonNullable<Recorded['command']> }

/** The panel over the data pane: asking for a new upload, or rejecting. */
export interface Deciding {
  kind: 'ask_reupload' | 'reject'
  document: DocumentKind
  scan: Digest
}

export class Case {
  readonly visit: VisitId
  readonly scans = new Scans()
  readonly live: Live<ServeView>

  step = $state<Step>('documents')
  page = $state(1)
  field = $state<FormField | null>(null)
  finger = $state<BiometricPart>('left_little')
  dialog = $state.raw<Ask | null>(null)
  deciding = $state.raw<Deciding | null>(null)
  viewer_focused = $state(false)
  full_screen = $state(false)
  side_by_side = $state(false)
  beside = $state<DocumentKind | null>(null)

  #application = $state<ApplicationNo | null>(null)
  #document = $state<DocumentKind | null>(null)
  #attempts = new SvelteMap<DocumentKind, Digest>()
  #looks = new Map<string, Look>()
  #decided = new SvelteSet<DocumentKind>()
  #compared = new SvelteMap<FormField, boolean>()
  #jumped: string | null = null
  #tail: Promise<unknown> = Promise.resolve()

  /** The case, once the desk has answered for the person that was chosen. */
  view: ServeView | null = $derived.by(() => {
    const view = this.live.value
    return view && (this.#application === null || view.application === this.#application) ? view : null
  })
  document: DocumentKind | null = $derived.by(() => {
    const cards = this.view?.documents ?? []
    if (cards.some((c) => c.document === this.#document)) return this.#document
    return nextUndecided(cards, null) ?? cards[0]?.document ?? null
  })
  card: DocumentCard | null = $derived(this.cardOf(this.document))
  scan: ScanCard | null = $derived(this.scanOf(this.card))
  row: FieldRow | null = $derived.by(() => {
    const rows = this.view?.fields ?? []
    return rows.find((r) => r.field === this.field) ?? rows.find((r) => this.agrees(r) === null) ?? rows[0] ?? null
  })
  wanting: Missing[] = $derived(this.view ? wanting(this.view) : [])
  /** Is this person served at this counter now? */
  here: boolean = $derived(this.view?.people.find((p) => p.application === this.view?.application)?.here ?? false)
  not_here: string | null = $derived(this.here ? null : words.t.serve.decide.notHere)

  constructor(visit: VisitId, application: ApplicationNo | null) {
    this.visit = visit
    this.#application = application
    this.live = new Live(() => desk.serve({ visit, application: this.#application }), ['work'])
  }

  stop() {
    this.live.stop()
  }

  whyNot(action: Action): Refusal | null {
    return this.view?.allowed.find((a) => a.action === action)?.why_not ?? null
  }

  /** The refusal as a sentence, for a greyed key. */
  because(action: Action): string | null {
    const refusal = this.whyNot(action)
    return refusal && refusalSentence(refusal)
  }

  // What is looked at

  cardOf(document: DocumentKind | null): DocumentCard | null {
    return this.view?.documents.find((c) => c.document === document) ?? null
  }

  scanOf(card: DocumentCard | null): ScanCard | null {
    if (!card) return null
    const chosen = this.#attempts.get(card.document)
    return card.scans.find((s) => s.hash === chosen) ?? newest(card.scans)
  }

  /** How a page was looked at last; coming back to it shows it the same way. */
  lookOf(hash: Digest, page: number, place: 'main' | 'beside' = 'main'): Look {
    const key = `${place}/${hash}/${page}`
    let look = this.#looks.get(key)
    if (!look) this.#looks.set(key, (look = new Look()))
    return look
  }

  show(document: DocumentKind | null) {
    if (document === null) return
    if (document !== this.document) this.page = 1
    this.#document = document
  }

  turnDocument(by: 1 | -1) {
    this.show(neighbour(this.view?.documents.map((c) => c.document) ?? [], this.document, by))
  }

  showAttempt(scan: ScanCard) {
    if (this.document) this.#attempts.set(this.document, scan.hash)
    this.page = 1
  }

  turnAttempt(by: 1 | -1) {
    const next = neighbour(this.card?.scans ?? [], this.scan, by)
    if (next) this.showAttempt(next)
  }

  turnPage(by: 1 | -1) {
    const known = this.scan && this.scans.of(this.scan.hash)
    if (known?.state === 'ready') this.page = Math.min(known.pages, Math.max(1, this.page + by))
  }

  moveField(by: 1 | -1) {
    const rows = this.view?.fields.map((r) => r.field) ?? []
    this.field = neighbour(rows, this.row?.field ?? null, by)
  }

  showPerson(application: ApplicationNo) {
    if (application === this.view?.application) return
    this.#application = application
    this.#document = null
    this.#attempts.clear()
    this.#decided.clear()
    this.#compared.clear()
    this.#jumped = null
    this.deciding = null
    this.full_screen = false
    this.field = null
    this.page = 1
    this.step = 'documents'
    void this.live.refresh()
  }

  turnPerson(by: 1 | -1) {
    const all = this.view?.people.map((p) => p.application) ?? []
    const next = neighbour(all, this.view?.application ?? null, by)
    if (next) this.showPerson(next)
  }

  /** Leads to the next thing that is missing. */
  jump(): Missing | null {
    const missing = nextMissing(this.wanting, this.#jumped)
    if (!missing) return null
    this.#jumped = missingKey(missing)
    this.deciding = null
    this.step = stepOf(missing)
    if (missing.missing === 'document') this.show(missing.document)
    if (missing.missing === 'field') this.field = missing.field
    if (missing.missing === 'biometrics' && isFinger(missing.part)) this.finger = missing.part
    return missing
  }

  agrees(row: FieldRow): boolean | null {
    return this.#compared.get(row.field) ?? row.agrees
  }

  // Acts

  /** Puts an act at the end of what is being saved; null if the desk said no. */
  record(act: Act, say: Sentence | null, subject?: Subject): Promise<Recorded | null> {
    const view = this.view
    if (!view) return Promise.resolve(null)
    const about: Subject = subject ?? { kind: 'application', id: view.application }
    const saved = this.#tail.then(async () => {
      try {
        const recorded = await desk.record({ subject: about, act })
        if (say !== null) session.say(say, { tone: 'ok', undo_ms: recorded.undo_ms })
        return recorded
      } catch (fault) {
        session.fail(fault as Fault)
        return null
      }
    })
    this.#tail = saved
    return saved
  }

  /** After an act: looks anew, and goes on when the step has just become complete. */
  async #settle(before: boolean, step: Step) {
    await this.live.refresh()
    const view = this.view
    if (view && this.step === step && !before && isDone(view, step)) this.step = nextStep(view, step)
  }

  get #was_done(): boolean {
    return this.view ? isDone(this.view, this.step) : true
  }

  /** Why nothing can be decided about the upload on screen. */
  get undecidable(): string | null {
    const t = words.t.serve
    if (this.not_here) return this.not_here
    if (!this.card || !this.scan) return t.decide.noScan
    if (this.#decided.has(this.card.document)) return t.decide.alreadyDecided
    const verdict = this.scan.verdict
    return verdict ? t.decide.standing(t.acts.verdicts[verdict.verdict]) : null
  }

  async accept() {
    const { card, scan, step } = this
    if (!card || !scan || this.undecidable) return
    const before = this.#was_done
    this.#decided.add(card.document)
    this.show(nextUndecided(this.view?.documents ?? [], card.document, this.#decided) ?? card.document)
    const act: Act = { act: 'verdict', document: card.document, scan: scan.hash, verdict: { verdict: 'accept' }, to_applicant: '', note: '' }
    await this.#verdict(card.document, act, () => words.t.serve.decide.accepted(words.t.serve.documents[card.document]), before, step)
  }

  openDecision(kind: Deciding['kind']) {
    const { card, scan } = this
    if (card && scan && !this.undecidable) this.deciding = { kind, document: card.document, scan: scan.hash }
  }

  async refuse(reason: Reason, to_applicant: string, note: string) {
    const deciding = this.deciding
    if (!deciding) return
    const { kind, document, scan } = deciding
    const before = this.#was_done
    const step = this.step
    this.deciding = null
    this.#decided.add(document)
    this.show(nextUndecided(this.view?.documents ?? [], document, this.#decided) ?? document)
    const said = () => words.t.serve.decide[kind === 'reject' ? 'rejected' : 'asked'](words.t.serve.documents[document])
    await this.#verdict(document, { act: 'verdict', document, scan, verdict: { verdict: kind, reason }, to_applicant, note }, said, before, step)
  }

  async #verdict(document: DocumentKind, act: Act, say: Sentence, before: boolean, step: Step) {
    const recorded = await this.record(act, say)
    await this.live.refresh()
    this.#decided.delete(document)
    if (!recorded) this.show(document)
    await this.#settle(before, step)
  }

  /** The comparison of a field; the next one that is open comes up at once. */
  async compare(row: FieldRow, agrees: boolean) {
    if (this.not_here) return
    const before = this.#was_done
    const step = this.step
    this.#compared.set(row.field, agrees)
    this.field = nextField(this.view?.fields ?? [], row.field, new Set(this.#compared.keys())) ?? row.field
    const say = () => words.t.serve.decide[agrees ? 'fieldAgrees' : 'fieldDiffers'](words.t.serve.fields[row.field])
    const recorded = await this.record({ act: 'check_field', field: row.field, against: row.proof, agrees }, say)
    await this.live.refresh()
    this.#compared.delete(row.field)
    if (!recorded) this.field = row.field
    await this.#settle(before, step)
  }

  async proofSeen(what: string, reference: string) {
    const before = this.#was_done
    const step = this.step
    await this.record({ act: 'proof_seen', what, reference }, () => words.t.serve.proof.saved)
    await this.#settle(before, step)
  }

  async mark(part: BiometricPart, mark: BiometricMark) {
    const t = () => words.t.serve
    const before = this.#was_done
    const step = this.step
    await this.record({ act: 'biometrics', part, mark }, () => t().bio.marked(t().parts[part], t().marks[mark.status]))
    await this.#settle(before, step)
  }

  get open_parts(): BiometricRow[] {
    return this.view?.biometrics.filter(isOpen) ?? []
  }

  /** Everything without a status was captured: the officer read it off the capture system. */
  async markAllCaptured() {
    const open = this.open_parts
    const before = this.#was_done
    const step = this.step
    let saved = 0
    for (const row of open) {
      if (!(await this.record({ act: 'biometrics', part: row.part, mark: captured(row, null) }, null))) break
      saved += 1
    }
    if (saved > 0) session.say(() => words.t.serve.bio.allMarked(saved), { tone: 'ok' })
    await this.#settle(before, step)
  }

  async judgeFace(judgement: FaceJudgement) {
    const before = this.#was_done
    const step = this.step
    await this.record({ act: 'judge_face', judgement }, () => words.t.serve.bio.judged(words.t.serve.faces[judgement].toLowerCase()))
    await this.#settle(before, step)
  }

  async interviewed(interview: Interview) {
    const before = this.#was_done
    const step = this.step
    await this.record({ act: 'interview', interview }, () => words.t.serve.talk.saved(words.t.serve.results[interview.result]))
    await this.#settle(before, step)
  }

  async correct(command: NonNullable<Recorded['command']>, reason: string) {
    if (await this.record({ act: 'correct', command, reason }, () => words.t.serve.decide.corrected)) await this.live.refresh()
  }
}
