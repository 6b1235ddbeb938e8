// What every screen knows: who is signed in and where, what time it is at the office, what was said last, and which
// screen is open. Nothing of an applicant is kept here but the id of the visit that is being served.
import { desk } from '../desk'
import type { ApplicationNo, Fault, StatusView, VisitId } from '../gen/api'
import { faultSentence } from './sentences'
import { setZone } from './format'
import { Live } from './live.svelte'
import { words } from '../words/index.svelte'

export type ScreenName = 'queue' | 'serve' | 'sync'
export type Tone = 'ok' | 'warn' | 'danger' | 'info' | 'plain'

/** A sentence in the language of the moment: what was said before a switch of language is said in the new one. */
export type Sentence = () => string

export interface Said {
  text: Sentence
  tone: Tone
  /** How long the act can be taken back, in milliseconds; 0 if not. */
  undo_ms: number
  undo_left_ms: number
  /** Counts up, so that the same sentence said twice is heard twice. */
  n: number
}

const TICK_MS = 250

export class Session {
  status: StatusView | null = $derived.by(() => this.#live?.value ?? null)
  fault: Fault | null = $derived.by(() => this.#live?.fault ?? null)
  screen = $state<ScreenName>('queue')
  serving = $state<VisitId | null>(null)
  /** The person of the visit who is to be shown first, if somebody chose one. */
  application = $state<ApplicationNo | null>(null)
  said = $state.raw<Said | null>(null)
  /** What the screen has to say at the right of the status line. */
  aside = $state<string | null>(null)
  /** The timer of the undo bar stands still while the officer is in it. */
  undo_paused = $state(false)
  /** The office's time, ticking. */
  now = $state(Date.now())

  #live = $state.raw<Live<StatusView> | null>(null)
  #ahead_ms = 0
  #said = 0

  /** Starts listening; returns how to stop. */
  start(): () => void {
    const live = new Live(async () => this.#heard(await desk.status()), ['session', 'line'])
    this.#live = live
    const ticking = setInterval(() => this.#tick(), TICK_MS)
    return () => {
      live.stop()
      clearInterval(ticking)
    }
  }

  #heard(status: StatusView): StatusView {
    this.#ahead_ms = status.now - Date.now()
    this.now = status.now
    if (status.office) setZone(status.office.zone_minutes, status.office.zone)
    return status
  }

  #tick() {
    const now = Date.now() + this.#ahead_ms
    if (Math.floor(now / 1000) !== Math.floor(this.now / 1000)) this.now = now
    const said = this.said
    if (!said || said.undo_left_ms <= 0 || this.undo_paused) return
    this.said = { ...said, undo_left_ms: Math.max(0, said.undo_left_ms - TICK_MS) }
  }

  refresh(): Promise<void> {
    return this.#live?.refresh() ?? Promise.resolve()
  }

  /** Takes a status that came as the reply to something else. */
  take(status: StatusView) {
    this.#live?.take(this.#heard(status))
    if (!status.session) this.forget()
  }

  /** Puts a sentence into the status line. */
  say(text: Sentence, { tone = 'plain', undo_ms = 0 }: { tone?: Tone; undo_ms?: number } = {}) {
    this.undo_paused = false
    this.said = { text, tone, undo_ms, undo_left_ms: undo_ms, n: ++this.#said }
  }

  /** Says in words what went wrong. */
  fail(fault: Fault) {
    this.say(() => faultSentence(fault), { tone: fault.code === 'refused' ? 'warn' : 'danger' })
    if (fault.code === 'signed_out' || fault.code === 'not_enrolled') void this.refresh()
  }

  /** Does something with the desk, and says so if it did not work. Resolves to null then. */
  async try<T>(asking: Promise<T>): Promise<T | null> {
    try {
      return await asking
    } catch (fault) {
      this.fail(fault as Fault)
      return null
    }
  }

  goto(screen: ScreenName, { visit, application }: { visit?: VisitId; application?: ApplicationNo } = {}) {
    if (visit !== undefined) {
      this.serving = visit
      this.application = application ?? null
    }
    this.screen = screen
  }

  /** Speaks to the centre and says what came of it. */
  async syncNow() {
    const status = await this.try(desk.syncNow())
    if (!status) return
    this.take(status)
    const { online, unsent } = status.line
    if (!online) this.say(() => words.t.shell.stillOffline, { tone: 'warn' })
    else if (unsent > 0) this.say(() => words.t.shell.syncedWaiting(unsent), { tone: 'info' })
    else this.say(() => words.t.shell.synced, { tone: 'ok' })
  }

  get can_undo(): boolean {
    return (this.said?.undo_left_ms ?? 0) > 0
  }

  async undo() {
    if (!this.can_undo) return this.say(() => words.t.shell.nothingToUndo)
    if (await this.try(desk.undo())) this.say(() => words.t.shell.undone, { tone: 'ok' })
  }

  async lock() {
    const status = await this.try(desk.signOut())
    if (status) this.take(status)
  }

  /** After a lock nothing of the work may be left on screen. */
  forget() {
    this.serving = null
    this.application = null
    this.said = null
    this.screen = 'queue'
  }
}

export const session = new Session()
