// One line of the queue in words: the service asked for, the fee, and what an officer should know before calling.
import type { PaymentSummary, QueueRow } from '../../gen/api'
import { time } from '../../shared/format'
import type { IconName } from '../../shared/kit/icons'
import { words } from '../../words/index.svelte'

export type Tone = 'ok' | 'warn' | 'danger' | 'info' | 'plain'
export interface Note {
  id: string
  text: string
  tone: Tone
  icon?: IconName
  /** Stands on a ground: calls for a look. */
  badge?: boolean
}

export function service(row: QueueRow): string {
  const d = words.t.desk
  const what = row.age === 'child' && row.kind === 'new' ? d.childPassport : d.kind[row.kind]
  return row.people > 1 ? `${what} (${row.people})` : what
}

export function payment(summary: PaymentSummary): Note {
  const t = words.t.queue
  switch (summary.state) {
    case 'paid':
      return { id: 'paid', text: t.paid, tone: 'ok', icon: 'check' }
    case 'some_paid':
      return { id: 'some', text: t.somePaid(summary.paid, summary.of), tone: 'warn', icon: 'wait' }
    case 'proof_seen':
      return { id: 'proof', text: t.proofSeen, tone: 'info', icon: 'eye' }
    case 'unpaid':
      return { id: 'unpaid', text: t.unpaid, tone: 'warn', icon: 'wait' }
    case 'expired':
      return { id: 'expired', text: t.expired, tone: 'danger', icon: 'x' }
    case 'not_checked':
      return { id: 'unchecked', text: t.notChecked, tone: 'plain', icon: 'ask' }
  }
}

/** Where the visit stands, unless it simply waits. */
function stageNote(row: QueueRow): Note | null {
  const t = words.t.queue
  const stage = words.t.desk.stage[row.stage]
  switch (row.stage) {
    case 'waiting':
      return row.mine || row.counter === null ? null : { id: 'stage', text: t.otherShare(row.counter), tone: 'plain' }
    case 'called':
    case 'serving':
      return { id: 'stage', text: row.counter === null ? stage : t.atCounter(stage, row.counter), tone: 'info', icon: row.stage === 'called' ? 'bell' : 'on' }
    case 'held':
      return { id: 'stage', text: t.held((row.hold === null ? '' : words.t.desk.hold[row.hold]).toLowerCase()), tone: 'warn', icon: 'pause' }
    case 'no_show':
    case 'finished':
      return { id: 'stage', text: row.since === null ? stage : t.since(stage, time(row.since)), tone: 'plain', icon: row.stage === 'finished' ? 'check' : 'x' }
    case 'expected':
    case 'withdrawn':
      return { id: 'stage', text: stage, tone: 'plain', icon: row.stage === 'expected' ? 'todo' : 'ban' }
  }
}

/** The most pressing first: the column may show only one. */
export function notes(row: QueueRow): Note[] {
  const t = words.t.queue
  const all: (Note | null)[] = [
    row.disputed ? { id: 'disputed', text: t.disputed, tone: 'danger', icon: 'clash', badge: true } : null,
    row.priority === null ? null : { id: 'priority', text: t.priority(words.t.desk.priority[row.priority]), tone: 'info', icon: 'flag', badge: true },
    stageNote(row),
    row.nik_disagrees ? { id: 'nik', text: t.nikDisagrees, tone: 'warn', icon: 'warn' } : null,
    row.earlier_passport_but_new ? { id: 'earlier', text: t.earlierPassport, tone: 'warn', icon: 'warn' } : null,
    row.reupload_asked ? { id: 'reupload', text: t.reupload, tone: 'plain', icon: 'retry' } : null,
    row.people > 1 ? { id: 'family', text: t.family, tone: 'plain', icon: 'people' } : null,
    row.unsent ? { id: 'unsent', text: t.unsent, tone: 'plain', icon: 'up' } : null,
  ]
  return all.filter((note) => note !== null)
}
