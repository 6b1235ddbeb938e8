// What the desk says in codes, in English.
import type {
  Act, BiometricPart, BiometricStatus, DocumentKind, FaceJudgement, Fault, FormField, HoldReason, Kind, NextBecause,
  Outcome, Priority, Purpose, Quarantine, Reason, Refusal, Role, StageName, Verdict,
} from '../gen/api'
import { plainDay, time } from '../shared/format'
import type { deskId, Table } from './desk.id'

const document: Record<DocumentKind, string> = {
  ktp: 'e-KTP',
  family_card: 'Family card',
  birth_certificate: 'Birth certificate',
  old_passport: 'Old passport',
  photo: 'Photograph',
  parents_ktp: 'Parents’ KTP',
  marriage_certificate: 'Parents’ marriage certificate',
  statement: 'Written statement',
  other: 'Other document',
}

const field: Record<FormField, string> = {
  full_name: 'Full name',
  nik: 'NIK',
  birth_place: 'Place of birth',
  birth_date: 'Date of birth',
  mother_name: 'Mother’s name',
  address: 'Address',
}

const reason: Record<Reason, string> = {
  blurred: 'Blurred, not legible',
  cut_off: 'Cut off',
  glare: 'Glare, reflection',
  wrong_document: 'Not the document asked for',
  pages_missing: 'Pages missing',
  expired: 'Expired',
  data_differs: 'Data differ from the form',
  not_original: 'Not in colour, not the original',
  other: 'Other',
}

const verdict: Record<Verdict['verdict'], string> = {
  accept: 'Accept',
  ask_reupload: 'Ask for re-upload',
  reject: 'Reject',
}

const outcome: Record<Outcome['outcome'], string> = {
  accepted: 'Complete',
  awaiting_reupload: 'Waiting for re-upload',
  on_hold: 'On hold',
  refused: 'Proposed for refusal',
  given_up: 'Given up by applicant',
}

const kind: Record<Kind, string> = {
  new: 'New passport',
  replacement: 'Replacement',
  lost: 'Lost',
  damaged: 'Damaged',
  data_change: 'Change of data',
}

const priority: Record<Priority, string> = {
  elderly: 'elderly',
  disabled: 'disability',
  pregnant: 'pregnant',
  toddler: 'toddler',
}

const stage: Record<StageName, string> = {
  expected: 'Not arrived',
  waiting: 'Waiting',
  called: 'Called',
  serving: 'Being served',
  held: 'On hold',
  no_show: 'No-show',
  finished: 'Finished',
  withdrawn: 'Cancelled',
}

const hold: Record<HoldReason, string> = {
  missing_paper: 'Fetches a missing paper',
  payment: 'Pays first',
  supervisor: 'Waits for a supervisor',
  personal: 'Prayer, child, health',
  other: 'Other',
}

const role: Record<Role, string> = {
  officer: 'officer',
  supervisor: 'supervisor',
  administrator: 'administrator',
  auditor: 'auditor',
}

const biometricPart: Record<BiometricPart, string> = {
  face: 'face',
  left_little: 'left little finger',
  left_ring: 'left ring finger',
  left_middle: 'left middle finger',
  left_index: 'left index finger',
  left_thumb: 'left thumb',
  right_thumb: 'right thumb',
  right_index: 'right index finger',
  right_middle: 'right middle finger',
  right_ring: 'right ring finger',
  right_little: 'right little finger',
  signature: 'signature',
}

const biometricStatus: Record<BiometricStatus, string> = {
  captured: 'captured',
  retake: 'take again',
  exception: 'exception',
  not_required: 'not required',
}

const face: Record<FaceJudgement, string> = {
  match: 'matches',
  doubt: 'in doubt, a second officer looks',
  no_match: 'does not match',
}

const purpose: Record<Purpose, string> = {
  tourism: 'tourism',
  umrah: 'umrah',
  hajj: 'hajj',
  work: 'work',
  study: 'study',
  medical: 'medical care',
  family: 'family',
  other: 'other',
}

const because: Record<NextBecause, string> = {
  at_head: 'Returned to the head of the queue',
  priority: 'Priority',
  earliest: 'Earliest appointment among those who have arrived',
  hour_come: 'The booked time has come, and nobody who has arrived is left',
}

const quarantine: Record<Quarantine, string> = {
  officer_revoked: 'The officer had lost the right when this reached the centre. It is kept; a supervisor decides.',
  officer_unknown: 'The centre does not know the officer yet. It is kept; a supervisor decides.',
  desk_revoked: 'This computer was withdrawn. It is kept; tell the administrator.',
  unknown_kind: 'The centre does not know this kind of act yet. It is kept until the centre is updated.',
  unknown_rules: 'Decided under rules that the centre does not know yet. It is kept.',
  future_clock: 'This computer’s clock is too far ahead. It is kept; set the clock right.',
  role_forbids: 'Done under the name of somebody who has no access to cases. It is kept; a supervisor decides.',
  clone: 'Another computer sent the same number. It is kept; tell the administrator.',
}

const refusal: Table<Refusal, 'code'> = {
  unknown: () => 'Not found on this computer. Sync with F5, then try again.',
  wrong_subject: () => 'This can’t be done here.',
  other_day: () => 'This appointment is for another day.',
  place_given_up: () => 'This appointment was cancelled or moved.',
  already_checked_in: (r) => `Already marked present at ${time(r.at)}.`,
  already_called: (r) => `Already called by Counter ${r.counter}.`,
  being_served: (r) => `Being served by ${r.officer} at Counter ${r.counter}.`,
  already_finished: (r) => `Finished at ${time(r.at)}.`,
  on_hold: () => 'On hold. Return to the queue first.',
  marked_no_show: (r) => `Marked no-show at ${time(r.at)}. Return to the queue first.`,
  not_yet_due: (r) => `Not arrived, and the booked time has not come, ${time(r.slot)}.`,
  in_other_share: (r) => `Belongs to the queue of Counter ${r.counter}.`,
  share_reclaimed: (r) => `A supervisor moved this queue to Counter ${r.counter}.`,
  not_called_here: () => 'Not called from this counter.',
  not_served_here: () => 'Not served at this counter.',
  recalls_used_up: (r) => `Recalled ${r.max} times already. Mark as no-show, or start serving if they come.`,
  recall_too_soon: (r) => `Wait ${r.wait_s} seconds before recalling.`,
  too_few_recalls: (r) => `Recall ${r.needed} times before marking as no-show.`,
  counter_busy: (r) => `Finish ${r.ticket} first.`,
  counter_not_open: () => 'This counter is not open yet.',
  counter_taken: (r) => `Counter in use by ${r.officer}.`,
  counter_unknown: (r) => `This office has no Counter ${r.counter}.`,
  already_decided: (r) => `${r.officer} decided already: ${verdict[r.verdict.verdict]}.`,
  document_not_asked: (r) => `${document[r.document]} is not asked for in this application.`,
  reason_needed: () => 'Write the reason first.',
  text_too_long: (r) => `The text is too long; ${r.max} letters at most.`,
  already_interviewed: (r) => `${r.officer} recorded the interview already.`,
  not_ready: (r) => `Not complete: ${r.missing.length} more to do.`,
  receipt_exists: (r) => `Receipt ${r.number} exists already.`,
  receipt_unknown: () => 'This receipt is not known.',
  outcome_does_not_fit: () => 'This outcome does not fit the decisions on documents or the interview.',
  nothing_to_undo: () => 'There is nothing to undo.',
  too_late_to_undo: () => 'The time to undo is over. A correction with a reason is still possible.',
  built_upon: () => 'Something was done on top of it; it can’t be undone.',
  not_yours: () => 'This was done by another officer.',
  supervisor_only: () => 'Only a supervisor may decide this.',
  role_forbids: () => 'Administrators and auditors do not work on cases. An officer can sign in here.',
  already_settled: () => 'A supervisor decided already.',
  needs_newer_loket: () => 'Made with a newer Loket. Update Loket on this computer.',
  nobody_waiting: () => 'Nobody is waiting in this counter’s queue.',
}

const fault: Table<Fault, 'code'> = {
  refused: (f) => (refusal[f.refusal.code] as (r: Refusal) => string)(f.refusal),
  signed_out: () => 'The computer is locked. Sign in again to go on; your work is saved.',
  not_enrolled: () => 'This computer is not enrolled yet.',
  no_counter: () => 'Open a counter first.',
  wrong_password: (f) => `Name or password does not match. Tries left: ${f.tries_left}.`,
  sign_in_blocked: (f) => `Too many tries. Try again in ${f.wait_s} seconds.`,
  offline_too_long: (f) => `No line to the centre for ${f.days} days. Connect the network to sign in; your work is saved.`,
  not_on_roster: () => 'This name is not on the roster of this office. Tell the administrator.',
  code_refused: () => 'The code is not valid: mistyped, used already, or too old. Ask the administrator for a new one.',
  no_line: () => 'The server can’t be reached. Check the network and the address, then try again.',
  desk_unknown: () => 'The server does not know this computer. Your work is saved; tell the administrator.',
  other_office: () => 'This server belongs to another office. Check the address.',
  server_busy: (f) => `The server is busy; trying again in ${f.retry_s} seconds. Your work is saved.`,
  server_trouble: () => 'The server has trouble. Your work is saved and will be sent later.',
  newer_database: (f) => `The data were written by a newer Loket (${f.found}; here ${f.known}). Nothing was touched; update Loket.`,
  database_trouble: () => 'The data on this computer can’t be read or written. Stop here and tell the administrator.',
  disk_full: () => 'The disk is full; the last act was not saved. Free some space, then repeat it.',
  keystore_trouble: () => 'This computer’s key can’t be read. Tell the administrator.',
  already_running: () => 'Loket is already open on this computer.',
  scan_not_here: () => 'The picture is not on this computer yet and the line is down. Look at the original document.',
  scan_unreadable: () => 'The picture can’t be shown. Look at the original document or ask for a re-upload.',
  unknown_code: () => 'This is not the code of an appointment. Search by name or number.',
  code_of_other_office: (f) => `This appointment is at another office: ${f.office}.`,
  code_of_other_day: (f) => `This appointment is for ${plainDay(f.day, 'en')}, not for today.`,
  file_trouble: () => 'The file can’t be written there. Choose another place.',
  bad_request: () => 'Something went wrong in Loket. What was saved is safe; do this once more.',
}

const act: Table<Act, 'act'> = {
  check_in: () => 'Present',
  call: (a) => (a.call.how === 'chosen' ? 'Called out of order' : 'Called'),
  recall: () => 'Recalled',
  start: () => 'Service started',
  no_show: () => 'No-show',
  return: () => 'Returned to the queue',
  hold: (a) => `Held: ${hold[a.reason].toLowerCase()}`,
  transfer: (a) => `Transferred to Counter ${a.to}`,
  finish: (a) => `Finished: ${[...new Set(a.outcomes.map((o) => outcome[o.outcome.outcome].toLowerCase()))].join(', ')}`,
  verdict: (a) => `${verdict[a.verdict.verdict]}: ${document[a.document]}`,
  check_field: (a) => `${field[a.field]} ${a.agrees ? 'agrees' : 'differs'}`,
  biometrics: (a) => `Biometrics, ${biometricPart[a.part]}: ${biometricStatus[a.mark.status]}`,
  judge_face: (a) => `Face ${face[a.judgement]}`,
  interview: (a) => `Interview: ${purpose[a.interview.purpose]}`,
  proof_seen: () => 'Proof of payment seen',
  issue_receipt: (a) => `Receipt ${a.number}`,
  print_receipt: (a) => (a.copy === 0 ? 'Receipt saved' : `Receipt saved, copy ${a.copy}`),
  undo: () => 'Undo',
  correct: () => 'Correction',
  settle: (a) => (a.settlement === 'keep_standing' ? 'Dispute: what stands was kept' : 'Dispute: replaced'),
  open_counter: (a) => `Counter ${a.counter} opened`,
  close_counter: (a) => `Counter ${a.counter} closed`,
  release: (a) => `${a.visits.length} waiting released to Counter ${a.to}`,
  reclaim: (a) => `Queue of Counter ${a.from} taken to Counter ${a.to}`,
}

export const deskEn = {
  document, field, reason, verdict, outcome, kind, priority, stage, hold, role, biometricPart, biometricStatus, face,
  purpose, because, quarantine, refusal, fault, act,
  childPassport: 'Child’s passport',
} satisfies typeof deskId
