// The thinking of the queue screen: which rows are shown, which one is chosen, what can be done now, and the acts
// themselves. What is allowed comes from the desk; only the seconds until a recall are counted down here.
import { desk } from '../../desk'
import type { Act, Action, ApplicationNo, CheckInHow, CounterNo, HoldReason, Presence, QueueRow, QueueView, Refusal, StageName, VisitId } from '../../gen/api'
import { Live } from '../../shared/live.svelte'
import { refusalSentence } from '../../shared/sentences'
import { session, type Sentence, type Tone } from '../../shared/session.svelte'
import { words } from '../../words/index.svelte'

export type Filter = 'all' | 'mine' | 'priority' | 'held' | 'no_show'

/** In "all", those who can be called come first and those who have not arrived last; the desk's order holds within. */
const RANK: Record<StageName, number> = {
  called: 0,
  serving: 0,
  waiting: 1,
  held: 2,
  no_show: 3,
  expected: 4,
  finished: 5,
  withdrawn: 6,
}

const shows: Record<Filter, (row: QueueRow) => boolean> = {
  all: () => true,
  mine: (row) => row.mine && row.stage === 'waiting',
  priority: (row) => row.priority !== null && row.stage === 'waiting',
  held: (row) => row.stage === 'held',
  no_show: (row) => row.stage === 'no_show',
}

export function listed(rows: QueueRow[], filter: Filter): QueueRow[] {
  return rows.filter(shows[filter]).toSorted((a, b) => RANK[a.stage] - RANK[b.stage])
}

/** Seconds until the same number may be called again. */
export function recallWait(row: QueueRow, gap_s: number, now: number): number {
  return row.last_call === null ? 0 : Math.max(0, Math.ceil((row.last_call + gap_s * 1000 - now) / 1000))
}

const FIND_WAIT_MS = 150
/** Waiting grows and promises lapse without anybody doing anything. */
const TIME_PASSES_MS = 20_000

export class QueueWork {
  filter = $state<Filter>('mine')
  query = $state('')
  found = $state.raw<QueueRow[] | null>(null)
  chosen = $state<VisitId | null>(null)
  busy = $state(false)

  readonly live = new Live<QueueView>(desk.queue, ['work', 'session', 'line'])
  readonly #passing = setInterval(() => void this.refresh(), TIME_PASSES_MS)
  #finding: ReturnType<typeof setTimeout> | null = null

  view: QueueView | null = $derived(this.live.value)
  current: QueueRow | null = $derived(this.live.value?.current ?? null)
  rows: QueueRow[] = $derived(this.found ?? listed(this.live.value?.rows ?? [], this.filter))
  /** The chosen row if it is still there, or else the first. */
  row: QueueRow | null = $derived(this.rows.find((r) => r.visit === this.chosen) ?? this.rows[0] ?? null)

  stop() {
    this.live.stop()
    clearInterval(this.#passing)
    if (this.#finding !== null) clearTimeout(this.#finding)
  }

  async refresh() {
    await this.live.refresh()
    if (this.found) await this.#find()
  }

  /** Why the action can't be taken now; null if it can. */
  whyNot(action: Action): string | null {
    const answer = this.view?.allowed.find((a) => a.action === action)
    if (!answer) return words.t.desk.refusal.not_called_here({ code: 'not_called_here' })
    return answer.why_not ? this.#sentence(answer.why_not) : null
  }

  #sentence(refusal: Refusal): string | null {
    if (refusal.code !== 'recall_too_soon') return refusalSentence(refusal)
    const wait_s = this.recall_wait_s
    return wait_s > 0 ? refusalSentence({ code: 'recall_too_soon', wait_s }) : null
  }

  get recall_wait_s(): number {
    const view = this.view
    return view?.current ? recallWait(view.current, view.recall_gap_s, session.now) : 0
  }

  get recalls_left(): number {
    const view = this.view
    return view?.current ? Math.max(0, view.recalls_max - (view.current.calls - 1)) : 0
  }

  type(text: string) {
    this.query = text
    if (this.#finding !== null) clearTimeout(this.#finding)
    if (text.trim() === '') this.found = null
    else this.#finding = setTimeout(() => void this.#find(), FIND_WAIT_MS)
  }

  async #find() {
    const text = this.query.trim()
    if (text === '') return
    const rows = await session.try(desk.find({ text }))
    // A slow answer must not replace that to a newer question.
    if (rows && this.query.trim() === text) this.found = rows
  }

  show(filter: Filter) {
    this.type('')
    this.filter = filter
  }

  async #once<T>(doing: () => Promise<T>): Promise<T | null> {
    if (this.busy) return null
    this.busy = true
    const done = await doing()
    this.busy = false
    void this.refresh()
    return done
  }

  async #record(visit: VisitId, act: Act, said: Sentence, tone: Tone = 'ok'): Promise<boolean> {
    const recorded = await this.#once(() => session.try(desk.record({ subject: { kind: 'visit', id: visit }, act })))
    if (!recorded) return false
    session.say(said, { tone, undo_ms: recorded.undo_ms })
    return true
  }

  async callNext() {
    const called = await this.#once(() => session.try(desk.callNext()))
    if (called) this.#sayCalled(called.ticket, called.offline)
  }

  async callChosen(row: QueueRow, reason: string): Promise<boolean> {
    const called = await this.#once(() => session.try(desk.callChosen({ visit: row.visit, reason })))
    if (called) this.#sayCalled(called.ticket, called.offline)
    return called !== null
  }

  #sayCalled(ticket: string, offline: boolean) {
    session.say(() => (offline ? words.t.queue.calledOffline(ticket) : words.t.queue.called(ticket)), { tone: offline ? 'warn' : 'ok' })
  }

  recall(counter: CounterNo, row: QueueRow) {
    return this.#record(row.visit, { act: 'recall', counter }, () => words.t.queue.recalled(row.ticket))
  }

  noShow(counter: CounterNo, row: QueueRow) {
    return this.#record(row.visit, { act: 'no_show', counter }, () => words.t.queue.markedNoShow(row.ticket))
  }

  checkIn(row: QueueRow) {
    const typed = this.query.trim().toUpperCase()
    const how: CheckInHow = typed !== '' && /\d/.test(typed) && row.ticket.includes(typed) ? 'number' : 'name'
    return this.#record(row.visit, { act: 'check_in', how }, () => words.t.queue.checkedIn(row.ticket))
  }

  comeBack(row: QueueRow) {
    return this.#record(row.visit, { act: 'return' }, () => words.t.queue.returned(row.ticket))
  }

  hold(counter: CounterNo, row: QueueRow, reason: HoldReason, note: string) {
    return this.#record(row.visit, { act: 'hold', counter, reason, until: null, note }, () => words.t.queue.heldSaid(row.ticket))
  }

  transfer(to: CounterNo, row: QueueRow, note: string) {
    return this.#record(row.visit, { act: 'transfer', to, note }, () => words.t.queue.transferred(row.ticket, to))
  }

  /** Starts the service of everybody of the visit who has no outcome yet, and goes there. */
  async start(counter: CounterNo, row: QueueRow, presence: Presence): Promise<boolean> {
    let applications: ApplicationNo[] = row.applications
    if (applications.length > 1) {
      const serve = await session.try(desk.serve({ visit: row.visit, application: null }))
      if (!serve) return false
      applications = serve.people.filter((p) => p.outcome === null).map((p) => p.application)
    }
    const act: Act = { act: 'start', counter, applications, presence }
    if (!(await this.#record(row.visit, act, () => words.t.queue.started(row.ticket)))) return false
    session.goto('serve', { visit: row.visit })
    return true
  }
}
