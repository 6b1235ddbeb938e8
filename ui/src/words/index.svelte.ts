// Every sentence of the screens, in two languages. The English one must have the shape of the Indonesian one, so a
// missing word or a new code of the desk is an error of the compiler and not a hole on a screen.
import { deskEn } from './desk.en'
import { deskId } from './desk.id'
import { queueEn } from './queue.en'
import { queueId } from './queue.id'
import { serveEn } from './serve.en'
import { serveId } from './serve.id'
import { shellEn } from './shell.en'
import { shellId } from './shell.id'
import { signinEn } from './signin.en'
import { signinId } from './signin.id'
import { syncEn } from './sync.en'
import { syncId } from './sync.id'

export type Language = 'id' | 'en'

const id = { shell: shellId, desk: deskId, signin: signinId, queue: queueId, sync: syncId, serve: serveId }
const en = { shell: shellEn, desk: deskEn, signin: signinEn, queue: queueEn, sync: syncEn, serve: serveEn }
export type Dictionary = typeof id

export const dictionaries: Record<Language, Dictionary> = { id, en }

const KEPT = 'loket.language'

export class Words {
  #language = $state<Language>('id')

  constructor() {
    if (typeof localStorage !== 'undefined' && localStorage.getItem(KEPT) === 'en') this.language = 'en'
  }

  get language(): Language {
    return this.#language
  }
  set language(language: Language) {
    this.#language = language
    if (typeof localStorage !== 'undefined') localStorage.setItem(KEPT, language)
    if (typeof document !== 'undefined') document.documentElement.lang = language
  }

  /** The dictionary of the chosen language. */
  get t(): Dictionary {
    return dictionaries[this.#language]
  }
}

export const words = new Words()
