// What a screen can ask of its desk, as plain functions. Every rejection is a `Fault`.
import type { Api, Changed } from './gen/api'
import { host } from './host'

const ask =
  <K extends keyof Api>(name: K) =>
  (body: Api[K]['request']): Promise<Api[K]['reply']> =>
    host.call(name, body)
const askPlain =
  <K extends keyof Api>(name: K) =>
  (): Promise<Api[K]['reply']> =>
    host.call(name, {} as Api[K]['request'])

export const desk = {
  status: askPlain('status'),
  enrol: ask('enrol'),
  signIn: ask('sign_in'),
  signOut: askPlain('sign_out'),
  counters: askPlain('counters'),
  openCounter: ask('open_counter'),
  closeCounter: askPlain('close_counter'),
  queue: askPlain('queue'),
  serve: ask('serve'),
  find: ask('find'),
  scanCode: ask('scan_code'),
  record: ask('record'),
  callNext: askPlain('call_next'),
  callChosen: ask('call_chosen'),
  undo: askPlain('undo'),
  issueReceipt: ask('issue_receipt'),
  saveReceipt: ask('save_receipt'),
  scanInfo: ask('scan_info'),
  sync: askPlain('sync'),
  syncNow: askPlain('sync_now'),
  onChanged: (hear: (what: Changed) => void) => host.onChanged(hear),
  picture: (path: string) => host.picture(path),
}
