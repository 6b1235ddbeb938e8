// Codes of the desk as sentences of the chosen language: the only place where a refusal or a fault becomes text.
import type { Fault, Refusal } from '../gen/api'
import { words } from '../words/index.svelte'

type Say<T> = (value: T) => string

export function refusalSentence(refusal: Refusal): string {
  return (words.t.desk.refusal[refusal.code] as Say<Refusal>)(refusal)
}

export function faultSentence(fault: Fault): string {
  return fault.code === 'refused' ? refusalSentence(fault.refusal) : (words.t.desk.fault[fault.code] as Say<Fault>)(fault)
}
