// The order of work: what comes next, and that nothing open is passed over.
import { describe, expect, it } from 'vitest'
import type { DocumentCard, DocumentKind, DocumentState, FieldRow, FormField, Missing, ScanCard, ServeView } from '../../gen/api'
import { countMissing, isDone, isPutOff, missingKey, neighbour, newest, nextField, nextMissing, nextStep, nextUndecided, wanting } from './steps'

const card = (document: DocumentKind, state: DocumentState['state']): DocumentCard => ({
  document,
  state: state === 'reupload_asked' || state === 'rejected' ? { state, reason: 'glare' } : { state },
  scans: [],
})
const field = (name: FormField, agrees: boolean | null): FieldRow => ({
  field: name, value: '', proof: 'ktp', agrees, officer: null, at: null,
})
const view = (part: Partial<ServeView>): ServeView => ({ missing: [], receipts: [], held_up: false, ...part }) as ServeView

describe('the next document', () => {
  const cards = [card('ktp', 'accepted'), card('family_card', 'undecided'), card('photo', 'undecided'), card('statement', 'not_uploaded')]

  it('is the next undecided one, round the list', () => {
    expect(nextUndecided(cards, 'ktp')).toBe('family_card')
    expect(nextUndecided(cards, 'family_card')).toBe('photo')
    expect(nextUndecided(cards, 'photo')).toBe('family_card')
    expect(nextUndecided(cards, null)).toBe('family_card')
  })

  it('leaves out what was decided a moment ago', () => {
    expect(nextUndecided(cards, 'family_card', new Set<DocumentKind>(['family_card', 'photo']))).toBeNull()
  })

  it('is none when there is nothing to decide', () => {
    expect(nextUndecided([card('ktp', 'rejected'), card('photo', 'not_uploaded')], 'ktp')).toBeNull()
    expect(nextUndecided([], null)).toBeNull()
  })
})

describe('the next field', () => {
  const rows = [field('full_name', null), field('nik', true), field('address', null)]

  it('is the next one that nobody compared', () => {
    expect(nextField(rows, 'full_name')).toBe('address')
    expect(nextField(rows, 'address')).toBe('full_name')
    expect(nextField(rows, 'address', new Set<FormField>(['full_name']))).toBe('address')
    expect(nextField(rows, 'address', new Set<FormField>(['full_name', 'address']))).toBeNull()
  })
})

describe('steps', () => {
  const missing: Missing[] = [
    { missing: 'document', document: 'ktp' }, { missing: 'field', field: 'nik' }, { missing: 'biometrics', part: 'face' },
    { missing: 'face_judgement' }, { missing: 'interview' },
  ]

  it('are done when nothing of them is missing', () => {
    const v = view({ missing: [{ missing: 'interview' }] })
    expect(isDone(v, 'documents')).toBe(true)
    expect(isDone(v, 'interview')).toBe(false)
    expect(isDone(v, 'receipt')).toBe(false)
  })

  it('are put off, not done, while something is held up', () => {
    const held = view({ held_up: true, face: null, biometrics: [], interview: null })
    expect(isPutOff(held, 'biometrics')).toBe(true)
    expect(isPutOff(held, 'interview')).toBe(true)
    expect(isPutOff({ ...held, face: 'match' }, 'biometrics')).toBe(false)
    expect(isPutOff({ ...held, held_up: false }, 'interview')).toBe(false)
  })

  it('go on to the first that is not done, and end at the receipt', () => {
    expect(nextStep(view({ missing }), 'documents')).toBe('biometrics')
    expect(nextStep(view({ missing: [{ missing: 'interview' }] }), 'documents')).toBe('interview')
    expect(nextStep(view({ missing: [{ missing: 'payment' }] }), 'interview')).toBe('receipt')
    expect(nextStep(view({}), 'interview')).toBe('receipt')
  })

  it('ask for the receipt and its file once the rest is there', () => {
    expect(wanting(view({}))).toEqual([{ missing: 'receipt' }])
    const receipt = { number: 'KNC/26/W001/000412-8', officer: 'sri', at: 1, prints: 0, last_print: null, own: true, unsent: false }
    expect(wanting(view({ receipts: [receipt] }))).toEqual([{ missing: 'print' }])
    expect(wanting(view({ receipts: [{ ...receipt, prints: 1 }] }))).toEqual([])
  })

  it('count what is missing by kind', () => {
    expect(countMissing(missing)).toEqual({ documents: 1, fields: 1, biometrics: 1, face: true, interview: true, payment: false, receipt: false, print: false })
  })

  it('jump through everything that is missing and begin again', () => {
    let last: string | null = null
    const seen: string[] = []
    for (let i = 0; i < missing.length + 1; i++) {
      const next = nextMissing(missing, last) as Missing
      last = missingKey(next)
      seen.push(last)
    }
    expect(new Set(seen).size).toBe(missing.length)
    expect(seen.at(-1)).toBe(seen[0])
    expect(nextMissing([], 'interview')).toBeNull()
  })

  it('begin again at the first when what was jumped to is no longer missing', () => {
    expect(nextMissing(missing, 'field:address')).toEqual(missing[0])
  })
})

describe('lists', () => {
  it('are walked round in both directions', () => {
    expect(neighbour(['a', 'b'], 'b', 1)).toBe('a')
    expect(neighbour(['a', 'b'], 'a', -1)).toBe('b')
    expect(neighbour(['a', 'b'], null, -1)).toBe('b')
    expect(neighbour([], 'a', 1)).toBeNull()
  })

  it('show the newest upload first', () => {
    const scan = (hash: string, at: number) => ({ hash, at }) as ScanCard
    expect(newest([scan('a', 3), scan('b', 9), scan('c', 4)])?.hash).toBe('b')
    expect(newest([])).toBeNull()
  })
})
