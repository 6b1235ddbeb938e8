// What has happened and what was decided, told in the words of the chosen language.
import type { Act, Answer, Event, Missing, Verdict } from '../../gen/api'
import { rupiah, time } from '../../shared/format'
import { words } from '../../words/index.svelte'
import { countMissing } from './steps'

export const grouped = (nik: string): string => nik.replace(/^(\d\d)(\d\d)(\d\d)(\d{6})(\d{4})$/, '$1·$2·$3·$4·$5')

export function verdictWords(verdict: Verdict): string {
  const word = words.t.serve.acts.verdicts[verdict.verdict]
  return verdict.verdict === 'accept' ? word : `${word}: ${words.t.serve.reasons[verdict.reason].toLowerCase()}`
}

/** One side of a dispute. */
export function actWords(act: Act): string {
  const t = words.t.serve
  if (act.act === 'verdict') return t.acts.verdict(verdictWords(act.verdict), t.documents[act.document])
  if (act.act === 'interview') return t.acts.interview(t.results[act.interview.result])
  if (act.act === 'issue_receipt') return t.acts.receipt(act.number)
  if (act.act === 'finish') return [...new Set(act.outcomes.map((o) => t.acts.outcome(t.outcomes[o.outcome.outcome])))].join(', ')
  return (words.t.desk.act[act.act] as (a: Act) => string)(act)
}

function answerWords(answer: Answer): string {
  const t = words.t.serve
  if (answer.register === 'population') return t.population[answer.result]
  const register = answer.register === 'ban_list' ? t.form.banList : t.form.dpri
  return `${register}: ${t.listed[answer.result].toLowerCase()}`
}

/** One line of the history. */
export function eventWords(event: Event): string {
  const t = words.t.serve
  switch (event.event) {
    case 'verdict_given':
      return t.acts.verdict(verdictWords(event.verdict), t.documents[event.document])
    case 'field_checked':
      return t.decide[event.agrees ? 'fieldAgrees' : 'fieldDiffers'](t.fields[event.field]).replace(/\.$/, '')
    case 'biometrics_marked':
      return `${t.parts[event.part]}: ${t.marks[event.mark.status].toLowerCase()}`
    case 'face_judged':
      return `${t.events.face_judged}: ${t.faces[event.judgement].toLowerCase()}`
    case 'interviewed':
      return t.results[event.interview.result]
    case 'register_answered':
      return answerWords(event.answer)
    case 'receipt_issued':
    case 'receipt_printed':
      return `${t.events[event.event]} ${event.number}`
    case 'scan_uploaded':
      return `${t.events.scan_uploaded}: ${t.documents[event.scan.document]}`
    case 'paid':
      return `${t.events.paid} ${rupiah(event.payment.amount_rp)}`
    case 'held':
      return `${t.events.held}: ${t.holds[event.reason].toLowerCase()}`
    case 'finished':
      return `${t.events.finished}: ${[...new Set(event.outcomes.map((o) => t.outcomes[o.outcome.outcome].toLowerCase()))].join(', ')}`
    case 'disputed':
      return `${t.events.disputed}: ${actWords(event.act)}`
    case 'settled':
      return t.settlements[event.settlement]
    default:
      return t.events[event.event]
  }
}

/** "2 dokumen, 4 isian" */
export function missingWords(list: Missing[]): string {
  const n = countMissing(list)
  const t = words.t.serve.decide.counts
  return [
    ...(n.documents ? [t.documents(n.documents)] : []),
    ...(n.fields ? [t.fields(n.fields)] : []),
    ...(n.payment ? [t.payment] : []),
    ...(n.biometrics ? [t.biometrics(n.biometrics)] : []),
    ...(n.face ? [t.face] : []),
    ...(n.interview ? [t.interview] : []),
    ...(n.receipt ? [t.receipt] : []),
    ...(n.print ? [t.print] : []),
  ].join(', ')
}

export const checkedAt = (answer: Answer, word: string): string => `${word}, ${time(answer.at)}`
