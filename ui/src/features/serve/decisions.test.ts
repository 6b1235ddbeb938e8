// Decisions that need words: what has to be written first, and which outcomes are certain to be refused.
import { describe, expect, it } from 'vitest'
import type { Reason, ServeView } from '../../gen/api'
import { barrier, likelyReason, outcomeOf } from './finish'
import { messageFor, REASONS, TEXT_CHARS_MAX, wrongWith } from './reasons'

const texts = (word: string) => Object.fromEntries(REASONS.map((r) => [r, r === 'other' ? '' : `${word} ${r}`])) as Record<Reason, string>
const both = { id: texts('mohon'), en: texts('please') }

describe('asking again or rejecting', () => {
  it('needs a reason, and words where the reason has none', () => {
    expect(wrongWith('ask_reupload', null, '', '')).toBe('reason')
    expect(wrongWith('ask_reupload', 'glare', '', '')).toBeNull()
    expect(wrongWith('ask_reupload', 'other', ' ', '')).toBe('words')
    expect(wrongWith('ask_reupload', 'other', 'surat', '')).toBeNull()
  })

  it('needs a note for a rejection', () => {
    expect(wrongWith('reject', 'glare', 'surat', '  ')).toBe('note')
    expect(wrongWith('reject', 'glare', '', 'palsu')).toBeNull()
  })

  it('takes no text that the rule book would refuse', () => {
    expect(wrongWith('reject', 'glare', 'x'.repeat(TEXT_CHARS_MAX + 1), 'n')).toBe('long')
  })

  it('speaks to the applicant in one language or both', () => {
    expect(messageFor('glare', 'en', both)).toBe('please glare')
    expect(messageFor('glare', 'both', both)).toBe('mohon glare\nplease glare')
    expect(messageFor('other', 'both', both)).toBe('')
    expect(messageFor(null, 'id', both)).toBe('')
  })

  it('has a key for each reason', () => {
    expect(new Set(REASONS).size).toBe(9)
  })
})

describe('an outcome', () => {
  const view = (part: Partial<ServeView>): ServeView =>
    ({ missing: [], receipts: [], documents: [], interview: null, held_up: false, ...part }) as ServeView
  const rejected = view({ held_up: true, documents: [{ document: 'ktp', state: { state: 'rejected', reason: 'expired' }, scans: [] }] })

  it('is not "accepted" before the receipt was saved, or while something is held up', () => {
    const receipt = { number: 'n', officer: 'sri', at: 1, prints: 0, last_print: null, own: true, unsent: false }
    expect(barrier(view({}), 'accepted')).toBe('missing')
    expect(barrier(view({ receipts: [receipt] }), 'accepted')).toBe('missing')
    expect(barrier(view({ receipts: [{ ...receipt, prints: 1 }] }), 'accepted')).toBeNull()
    expect(barrier(rejected, 'accepted')).toBe('held_up')
  })

  it('fits what was decided', () => {
    expect(barrier(view({}), 'awaiting_reupload')).toBe('no_reupload')
    expect(barrier(view({}), 'refused')).toBe('no_refusal')
    expect(barrier(rejected, 'refused')).toBeNull()
    expect(barrier(view({}), 'on_hold')).toBeNull()
    expect(barrier(view({}), 'given_up')).toBeNull()
  })

  it('carries its day or its reason', () => {
    expect(outcomeOf('on_hold', '', 'other')).toEqual({ outcome: 'on_hold', until: null })
    expect(outcomeOf('on_hold', '2026-11-30', 'other')).toEqual({ outcome: 'on_hold', until: '2026-11-30' })
    expect(outcomeOf('refused', '', likelyReason(rejected))).toEqual({ outcome: 'refused', reason: 'expired' })
    expect(outcomeOf('given_up', '2026-11-30', 'other')).toEqual({ outcome: 'given_up' })
  })
})
