// What a person has to look at, in words: what was decided, what stands, and what to do next.
import type { Act, AttentionItem, CommandRef, Interview, Refusal, Verdict } from '../../gen/api'
import { words } from '../../words/index.svelte'

export const keyOf = (command: CommandRef): string => `${command.desk}/${command.n}`

/** An act in the words of the counter. */
export function actSentence(act: Act): string {
  return (words.t.desk.act[act.act] as (a: Act) => string)(act)
}

export interface Decided {
  decision: string
  reason: string | null
}

function ofVerdict(verdict: Verdict): Decided {
  const d = words.t.desk
  return { decision: d.verdict[verdict.verdict], reason: verdict.verdict === 'accept' ? null : d.reason[verdict.reason] }
}

function ofInterview(interview: Interview): Decided {
  const t = words.t.sync
  const decision = { passed: t.interviewPassed, held: t.interviewHeld, refused: t.interviewRefused }[interview.result]
  return { decision: `${decision}, ${words.t.desk.purpose[interview.purpose]}`, reason: interview.note || null }
}

/** What the act in question says. */
export function disputed(act: Act): Decided {
  if (act.act === 'verdict') return ofVerdict(act.verdict)
  if (act.act === 'interview') return ofInterview(act.interview)
  return { decision: actSentence(act), reason: null }
}

/** What stands instead; null where no single thing does. */
export function standing(item: AttentionItem): Decided | null {
  const stands = item.standing
  if (stands?.verdict) return ofVerdict(stands.verdict)
  if (stands?.interview) return ofInterview(stands.interview)
  return null
}

/** What an officer does after the office refused a claim. */
export function nextStep(refusal: Refusal): string {
  const after = words.t.sync.afterRefusal
  switch (refusal.code) {
    case 'already_called':
    case 'being_served':
    case 'already_finished':
      return after[refusal.code]
    case 'in_other_share':
    case 'share_reclaimed':
      return after.share
    default:
      return after.other
  }
}
