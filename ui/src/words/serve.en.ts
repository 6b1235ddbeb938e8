// Words of the serve screen, English.
import type {
  AnswerResult, BiometricPart, BiometricStatus, DocumentKind, DocumentState, Event, ExceptionReason, FaceJudgement,
  HoldReason, Interview, Kind, Outcome, Purpose, Reason, Sex, Settlement,
} from '../gen/api'
import { deskEn } from './desk.en'
import type { serveId, Unreadable } from './serve.id'

const documentsShort: Record<DocumentKind, string> = {
  ktp: 'ID card', family_card: 'Family', birth_certificate: 'Birth', old_passport: 'Passport', photo: 'Photo',
  parents_ktp: 'Parents', marriage_certificate: 'Marriage', statement: 'Letter', other: 'Other',
}
const documentStates: Record<DocumentState['state'], string> = {
  not_uploaded: 'Not uploaded', undecided: 'Undecided', accepted: 'Accepted', reupload_asked: 'New upload asked',
  rejected: 'Rejected',
}
const reasons: Record<Reason, string> = {
  blurred: 'Blurred, not legible', cut_off: 'Cut off', glare: 'Glare, reflection',
  wrong_document: 'Not the document asked for', pages_missing: 'Pages missing', expired: 'Expired',
  data_differs: 'Data differ from the form', not_original: 'Not in colour, not the original',
  other: 'Other (words needed)',
}
const parts: Record<BiometricPart, string> = {
  face: 'Face', left_little: 'Left little finger', left_ring: 'Left ring finger', left_middle: 'Left middle finger',
  left_index: 'Left index finger', left_thumb: 'Left thumb', right_thumb: 'Right thumb',
  right_index: 'Right index finger', right_middle: 'Right middle finger', right_ring: 'Right ring finger',
  right_little: 'Right little finger', signature: 'Signature',
}
const fingers: Record<BiometricPart, string> = {
  face: 'Face', left_little: 'Little', left_ring: 'Ring', left_middle: 'Middle', left_index: 'Index',
  left_thumb: 'Thumb', right_thumb: 'Thumb', right_index: 'Index', right_middle: 'Middle', right_ring: 'Ring',
  right_little: 'Little', signature: 'Signature',
}
const marks: Record<BiometricStatus, string> = {
  captured: 'Captured', retake: 'Take again', exception: 'Exception', not_required: 'Not required',
}
const exceptions: Record<ExceptionReason, string> = {
  missing: 'No such finger', injured: 'Wound or bandage', worn: 'Worn, not legible', medical: 'Medical condition',
  cannot_sign: 'Cannot sign',
}
const faces: Record<FaceJudgement, string> = {
  match: 'Same person', doubt: 'In doubt, second officer', no_match: 'Not the same',
}
const purposes: Record<Purpose, string> = {
  tourism: 'Tourism', umrah: 'Umrah', hajj: 'Hajj', work: 'Work', study: 'Study', medical: 'Medical treatment',
  family: 'Visiting family', other: 'Other',
}
const results: Record<Interview['result'], string> = {
  passed: 'Interview passed', held: 'Suspended', refused: 'Refusal proposed',
}
const holds: Record<HoldReason, string> = {
  missing_paper: 'Fetches a missing paper', payment: 'Pays first', supervisor: 'Waits for the supervisor',
  personal: 'Prayer, child, health', other: 'Other (words needed)',
}
const outcomes: Record<Outcome['outcome'], string> = {
  accepted: 'Accepted', awaiting_reupload: 'Waits for a new upload', on_hold: 'Suspended',
  refused: 'Refusal proposed', given_up: 'Given up by the applicant',
}
const sexes: Record<Sex, string> = { male: 'Male', female: 'Female' }
const population: Record<AnswerResult, string> = {
  clear: 'Dukcapil agrees', hit: 'Dukcapil differs', no_answer: 'Dukcapil did not answer',
}
const listed: Record<AnswerResult, string> = { clear: 'Not listed', hit: 'Listed', no_answer: 'No answer' }
const settlements: Record<Settlement, string> = {
  keep_standing: 'Supervisor: the first one stands', take_disputed: 'Supervisor: the second one stands',
}
const unreadable: Record<Unreadable, string> = {
  empty: 'The file is empty, ask for a new upload.',
  too_large: 'The file is larger than 20 MB, ask for a smaller upload.',
  not_a_scan: 'The file is no JPEG, PNG or PDF, ask for a new upload.',
  too_many_pixels: 'The picture is too large to be shown, ask for a new upload.',
  too_many_pages: 'The PDF has more than 50 pages, ask for the needed pages only.',
  encrypted: 'The PDF is locked with a password, ask for an upload without one.',
  unsupported: 'This kind of picture cannot be shown in full. Check the original document.',
  damaged: 'The file is damaged or cut off, ask for a new upload.',
  page_absent: 'The file has no such page.',
  took_too_long: 'The file is too complex to be shown. Check the original document.',
  too_much_memory: 'The file needs too much memory. Check the original document.',
  crashed: 'The file cannot be read. Check the original document.',
}
const toApplicant: Record<Reason, string> = {
  blurred: 'The picture is blurred. Please upload a sharp one on which every word can be read.',
  cut_off: 'Part of the document is cut off. Please upload the whole page with all four corners.',
  glare: 'Light is reflected on the document. Please upload a picture taken without flash.',
  wrong_document: 'This is not the document we asked for. Please upload the right one.',
  pages_missing: 'Pages are missing. Please upload all pages.',
  expired: 'The document is no longer valid. Please upload a valid one.',
  data_differs: 'The document differs from the form. Please upload the matching document.',
  not_original: 'Please upload a colour picture of the original document.',
  other: '',
}
const events: Record<Event['event'], string> = {
  published: "On today's list", withdrawn: 'Place given up', checked_in: 'Arrived', called: 'Called',
  call_voided: 'Call voided', recalled: 'Called again', started: 'Service started', went_missing: 'No-show',
  came_back: 'Came back', held: 'Put on hold', transferred: 'Transferred', share_set: 'Moved to another counter',
  finished: 'Finished', verdict_given: 'Decision on a document', field_checked: 'Field compared',
  biometrics_marked: 'Status of biometrics', face_judged: 'Judgement of the face', interviewed: 'Interview',
  proof_of_payment_seen: 'Proof of payment seen', receipt_issued: 'Receipt made', receipt_printed: 'Receipt saved',
  submitted: 'Application submitted', scan_uploaded: 'Document uploaded', billed: 'Bill made', paid: 'Paid',
  payment_expired: 'Bill expired', booked: 'Appointment booked', register_answered: 'Answer of a register',
  earlier_passports_found: 'Earlier passports found', undone: 'Undone', corrected: 'Corrected', disputed: 'Dispute',
  settled: 'Settled by the supervisor', counter_opened: 'Counter opened', counter_closed: 'Counter closed',
  released: 'Share released', reclaimed: 'Share taken by the supervisor', office_set: 'Office data changed',
  counter_set: 'Counter data changed', officer_set: 'Officer data changed', desk_set: 'Desk data changed',
  rules_set: 'Rules changed', rules_approved: 'Rules approved by a second administrator',
  epoch_declared: 'Centre restored; a new epoch began',
}

export const serveEn = {
  documents: deskEn.document, fields: deskEn.field, documentsShort, documentStates, reasons, parts, fingers, marks, exceptions, faces, purposes,
  results, holds, outcomes, sexes, population, listed, settlements, unreadable, toApplicant, events,

  steps: { documents: 'Documents', biometrics: 'Biometrics', interview: 'Interview', receipt: 'Receipt' },
  stepsLabel: 'Steps',
  stepDone: 'done',
  of: (n: number, all: number) => `${n} of ${all}`,
  loading: 'Opening the case…',
  retry: 'Try again',
  cancel: 'Cancel',
  close: 'Close',
  save: 'Save',

  identity: {
    kind: (kind: Kind, electronic: boolean, years: number) =>
      `${deskEn.kind[kind]}, ${electronic ? 'electronic' : 'ordinary'}, ${years} years`,
    booked: (time: string) => `booked ${time}`,
    child: 'child',
    about: (minutes: number) => `of ±${String(minutes).padStart(2, '0')}.00`,
    serviceTime: (spent: string, about: number) => `Service time ${spent} of about ${about} minutes`,
    people: 'Applicants of this visit',
    person: (n: number, all: number) => `Applicant ${n} of ${all}`,
    nextPerson: 'Next applicant',
    personKey: (n: number, name: string) => `Applicant ${n}: ${name}`,
    elsewhere: 'at another counter',
    finished: 'finished',
  },

  list: {
    title: 'Documents',
    empty: "The office's rules ask for no document for this application.",
    attempt: (n: number, all: number) => `Upload ${n} of ${all}`,
    attempts: 'Uploads',
    earlier: (n: number) => `Upload ${n}`,
    said: (verdict: string, by: string, at: string) => `${verdict} by ${by}, ${at}`,
    previousAttempt: 'Previous upload',
    nextAttempt: 'Next upload',
    previousDocument: 'Previous document',
    nextDocument: 'Next document',
    unsent: 'waiting to be sent',
  },

  viewer: {
    title: 'Document viewer',
    second: 'Document to compare with',
    page: (n: number, all: number) => `page ${n} of ${all}`,
    uploaded: (at: string) => `uploaded ${at}`,
    picture: (document: string, name: string, page: number) => `Scan of ${document} ${name}, page ${page}`,
    loading: 'Opening the picture…',
    notHereTitle: 'The picture is not on this PC yet',
    notHere: 'The line is down. The picture comes by itself later; the document can be decided from the original.',
    notUploadedTitle: 'Not uploaded',
    notUploaded: 'The applicant has not uploaded this document, so there is nothing to decide yet.',
    unreadableTitle: 'Cannot be shown',
    stillDecidable: 'The document can still be decided.',
    otherFault: 'The picture cannot be opened.',
    tools: 'Picture tools',
    zoomIn: 'Zoom in', zoomOut: 'Zoom out', fit: 'Fit', width: 'Width', full: '1:1', turn: 'Turn',
    turnBack: 'Turn back', contrast: 'Contrast', brightness: 'Bright', invert: 'Invert', grey: 'Grey',
    side: 'Side by side', nextPage: 'Next page', previousPage: 'Previous page', pan: 'Move the picture',
    reset: 'Reset the picture', fullScreen: 'Full-screen document', fullScreenShort: 'Full',
    percent: (n: number) => `${n}%`,
    state: (zoom: number, turn: number, contrast: number) => `${zoom}% · ${turn}° · contrast ${contrast}`,
    whichSide: 'Compare with',
    nothingToCompare: 'No other document to compare with',
    nothingBeside: 'No other picture.',
    lettersOn: 'Letter keys work while the viewer is selected',
  },

  form: {
    title: 'Form data',
    progress: (n: number, all: number) => `${n} of ${all} compared`,
    agreesNext: 'agrees, next',
    agrees: 'Agrees, next',
    differs: 'Differs',
    differsKey: 'Field differs',
    field: 'Field', value: 'Value', proof: 'Proof', checked: 'Agrees',
    showProof: (field: string, document: string) => `Show the proof of ${field} on the ${document}`,
    tick: (field: string) => `${field} agrees with the proof`,
    differsBy: (by: string | null) => (by ? `Differs, says ${by}` : 'Differs'),
    formatOk: 'Format valid',
    region: 'Region', regionUnknown: 'Region code not in the table',
    birthOk: 'Birth date', birthDiffers: 'Birth date differs', sexOk: 'Sex', sexDiffers: 'Sex differs',
    birthSexOk: 'Birth date, sex',
    notChecked: 'Not checked',
    population: 'Dukcapil',
    payment: 'Payment',
    byServer: 'Per server',
    paid: (amount: string) => `Paid ${amount}`,
    unpaid: 'Not paid', expired: (at: string) => `Bill expired ${at}`, unknown: 'Not checked',
    bill: 'Bill', billDue: (amount: string, due: string) => `${amount}, due ${due}`,
    proofSeen: 'Proof seen', notNeeded: 'Not needed', notSeen: 'Not yet',
    recordProof: 'Record proof…',
    earlier: 'Earlier passports',
    dpri: 'DPRI', banList: 'Travel ban', purpose: 'Purpose', none: 'None',
    found: (n: number) => (n === 1 ? '1 passport' : `${n} passports`),
    passport: (no: string, until: string) => `${no}, until ${until}`,
    newButHasOne: 'Applies for a new passport although there was one before.',
    history: 'History',
    noHistory: 'No history yet.',
    counter: (no: number) => `Counter ${no}`,
    father: "Father's name",
    phone: 'Phone',
  },

  decide: {
    accept: (document: string) => `Accept ${document}`,
    acceptKey: 'Accept',
    ask: 'Ask for a new upload…',
    askKey: 'Ask re-upload', askShort: 'Re-upload', askBrief: 'New upload…',
    reject: 'Reject…',
    rejectKey: 'Reject',
    correct: 'Correct…',
    correctKey: 'Correct the decision',
    decided: (state: string, by: string) => `${state}, ${by}`,
    missing: 'Cannot finish yet',
    nothingMissing: 'Complete',
    heldUp: 'Something is held up: cannot be accepted yet',
    jump: 'Go to the next thing that is missing',
    finish: 'Finish', finishShort: 'Finish',
    hold: 'Hold', holdShort: 'Hold',
    counts: {
      documents: (n: number) => (n === 1 ? '1 document' : `${n} documents`),
      fields: (n: number) => (n === 1 ? '1 field' : `${n} fields`),
      biometrics: (n: number) => `${n} biometrics`, face: 'face judgement', interview: 'interview',
      payment: 'payment', receipt: 'receipt', print: 'save the receipt',
    },
    accepted: (document: string) => `${document} accepted.`,
    asked: (document: string) => `New upload asked for: ${document}.`,
    rejected: (document: string) => `${document} rejected.`,
    corrected: 'Decision taken back. The document can be decided again.',
    fieldAgrees: (field: string) => `${field} agrees.`,
    fieldDiffers: (field: string) => `${field} recorded as different.`,
    noScan: 'No upload that could be decided',
    alreadyDecided: 'This upload is decided already; correct that first',
    standing: (verdict: string) => `Decided already: ${verdict}. Correct it first with Alt+K.`,
    notHere: 'This applicant is not being served at this counter',
    allFieldsChecked: 'All fields are compared',
  },

  verdict: {
    askTitle: (document: string) => `Ask for a new upload: ${document}`,
    rejectTitle: (document: string) => `Reject: ${document}`,
    reason: 'Reason',
    toApplicant: 'Message to the applicant',
    language: 'Language of the message', indonesian: 'Indonesia', english: 'English', both: 'Both',
    note: 'Internal note',
    noteHint: 'For colleagues only.',
    noteNeeded: 'Needed: write why the document is rejected.',
    reasonNeeded: 'Choose a reason with the keys 1–9.',
    wordsNeeded: 'The reason "Other" needs words.',
    left: (n: number) => `${n} characters left`,
    tooLong: (n: number) => `${n} characters too many`,
    saveAsk: 'Ask for a new upload',
    saveReject: 'Reject the document',
    enterSaves: 'Enter saves, Shift+Enter starts a new line',
    correctTitle: 'Correct a decision',
    correctIntro: (what: string, by: string) => `${what} by ${by} is taken back. The history keeps it.`,
    correctReason: 'Why is it corrected?',
    correctSave: 'Take the decision back',
  },

  proof: {
    title: 'Record a proof of payment',
    intro: "The proof you saw stands beside the server's answer, not in its place.",
    what: 'What was shown', whatNeeded: 'Write what was shown.',
    reference: 'Number or NTPN, as far as legible',
    kinds: ['M-Paspor proof of payment', 'Bank or ATM slip', 'Post office or minimarket slip'],
    save: 'Record the proof',
    saved: 'Proof of payment recorded.',
  },

  bio: {
    onlyStatus: 'Loket records the status that the capture system shows, never the data.',
    face: 'Face', tenFingers: 'Ten fingers', signature: 'Signature', exceptions: 'Exceptions',
    left: 'Left hand', right: 'Right hand', leftShort: 'left', rightShort: 'right',
    quality: 'Quality', result: 'Result', attempts: 'Tries', finger: 'Finger',
    open: 'Open', good: 'Good', captured: 'Captured', low: 'Low quality', accepted: 'Accepted, no tries left',
    summary: (done: number, low: number, open: number) =>
      [`${done} done`, ...(low ? [`${low} low quality`] : []), ...(open ? [`${open} open`] : [])].join(' · '),
    uploadedPhoto: 'Uploaded photograph', noPhoto: 'No uploaded photograph',
    compareHint: 'Compare the applicant before you with the photograph.',
    question: 'The same person, in your view?',
    judged: (word: string) => `Judgement: ${word}.`,
    captureFace: 'Face captured', captureSignature: 'Signature captured', cannotSign: 'Cannot sign',
    captureFinger: 'Captured', retake: 'Take again', exception: 'Exception…',
    exceptionTitle: (part: string) => `Exception: ${part}`,
    exceptionReason: 'Why can it not be captured?',
    noExceptions: 'None',
    noneTaken: 'Not captured in the capture system yet.',
    hintOpen: (part: string) => `${part}: not captured yet.`,
    hintCaptured: (part: string) => `${part}: captured.`,
    hintQuality: (part: string, q: number, min: number) => `${part}: quality ${q}, limit ${min}.`,
    hintLow: (part: string, q: number, min: number) => `${part}: low quality (${q}, limit ${min}).`,
    hintAttempt: (n: number, max: number) => `Try ${n} of ${max}. Clean the glass, press more evenly.`,
    hintException: (part: string, why: string) => `${part}: ${why.toLowerCase()}.`,
    hintNotRequired: (part: string) => `${part}: not required at this age.`,
    hintRetake: (part: string) => `${part}: has to be taken again.`,
    typeQuality: 'Type the quality 0–100 if there is one, then Enter.',
    typed: (q: string) => `Quality ${q}, press Enter`,
    acceptAll: 'Mark all as captured', acceptAllKey: 'All captured',
    allMarked: (n: number) => `${n} parts marked as captured.`,
    nothingOpen: 'Nothing is open any more',
    marked: (part: string, word: string) => `${part}: ${word.toLowerCase()}.`,
    heldUp: 'Not needed yet: a document or the interview is held up.',
  },

  talk: {
    title: 'Interview', purpose: 'Purpose', destination: 'Destination', result: 'Result', until: 'Suspended until',
    untilHint: 'Leave empty if there is no date yet.',
    note: 'Note', noteNeeded: 'Write what is missing or why.',
    save: (result: string) => `Save: ${result}`,
    saved: (result: string) => `Interview saved: ${result.toLowerCase()}.`,
    purposeNeeded: 'Choose a purpose with the keys 1–8',
    onForm: 'As on the form',
    formPurpose: 'Purpose', formDestination: 'Country', kind: 'Application', father: 'Father', mother: 'Mother', address: 'Address',
    standing: (result: string, by: string, at: string) => `${result}, ${by} ${at}`,
    correct: 'Correct…',
    correctWhat: 'Result of the interview',
    digits: 'The keys 1–8 choose the purpose.',
  },

  receipt: {
    title: 'Receipt',
    issue: 'Make the receipt', issueKey: 'Make the receipt', issueShort: 'Make',
    issued: (no: string) => `Receipt ${no} made.`,
    number: 'Number',
    language: 'Language of the paper', indonesian: 'Indonesia', english: 'English',
    savePdf: 'Save PDF', saved: (file: string) => `Saved: ${file}`,
    savedCopy: (file: string, copy: number) => `Saved as SALINAN (copy) ${copy}: ${file}`,
    notSaved: 'Not saved after all.',
    preview: (no: string) => `Preview of receipt ${no}`,
    previewFailed: 'The preview cannot be drawn. The PDF can still be saved.',
    prints: 'Saved so far', never: 'Never saved.',
    times: (n: number, at: string) => `${n}×, last ${at}`,
    nextIsCopy: 'The next one is marked SALINAN (copy).',
    nextIsOriginal: 'The next one is the original.',
    issuedBy: (by: string, at: string) => `Made by ${by}, ${at}`,
    otherDesk: 'Made on another PC: it is saved there.',
    notYet: 'Cannot be made yet', stillMissing: 'Still missing',
    ready: 'The file is complete. The receipt can be made.',
    readyHeldUp: 'Something is held up. The receipt says what is outstanding.',
    alreadyThere: 'There is a receipt already',
    noneYet: 'No receipt yet',
    firstIssue: 'Make the receipt first',
    unsent: 'waiting to be sent',
  },

  finish: {
    title: 'Finish',
    question: (name: string) => `Outcome for ${name}`,
    until: 'Until', untilHint: 'Leave empty if there is no date yet.',
    reason: 'Reason for the proposed refusal',
    save: 'Finish',
    saved: (ticket: string, what: string) => `${ticket} finished: ${what.toLowerCase()}.`,
    savedMany: (ticket: string, n: number) => `${ticket} finished: ${n} applications.`,
    notAccepted: 'Cannot be accepted yet',
    heldUp: 'A document or the interview is held up',
    noReupload: 'No document was asked for again',
    noRefusal: 'No document was rejected and the interview refused nothing',
    chooseAll: 'Choose an outcome for each applicant',
    next: 'F2 calls the next one.',
    hint: 'The keys 1–5 choose the outcome.',
    nobody: 'No application is being served at this counter',
  },

  hold: {
    title: 'Hold the service', reason: 'Why is it put on hold?', note: 'Note', noteNeeded: 'Write the reason.',
    save: 'Hold', saved: (ticket: string) => `${ticket} put on hold.`, hint: 'The keys 1–5 choose the reason.',
  },

  dispute: {
    title: 'Dispute',
    sides: (mine: string, by: string, at: string, standing: string, other: string, otherAt: string) =>
      `${by} ${at}: ${mine}. ${other} ${otherAt}: ${standing}.`,
    oneSide: (mine: string, by: string, at: string) => `${by} ${at}: ${mine}.`,
    decides: 'The first one stands until the supervisor decides.',
  },

  acts: {
    verdict: (verdict: string, document: string) => `${document} ${verdict.toLowerCase()}`,
    verdicts: { accept: 'Accepted', ask_reupload: 'New upload asked', reject: 'Rejected' },
    interview: (result: string) => `interview: ${result.toLowerCase()}`,
    receipt: (no: string) => `receipt ${no}`,
    outcome: (word: string) => `finished: ${word.toLowerCase()}`,
    other: 'another act',
  },

  panes: { documents: 'List of documents', viewer: 'Document viewer', form: 'Form data' },
} satisfies typeof serveId
