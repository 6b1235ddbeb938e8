// What is known about the pictures of a case: whether they can be shown, and how many pages they have. Asked once per
// scan, and again when a picture that was not here may have come.
import { SvelteMap } from 'svelte/reactivity'
import { desk } from '../../desk'
import type { Digest, Fault } from '../../gen/api'

export type ScanState =
  | { state: 'loading' }
  | { state: 'ready'; pages: number }
  | { state: 'not_here' }
  | { state: 'unreadable'; why: string }
  | { state: 'fault'; fault: Fault }

const LOADING: ScanState = { state: 'loading' }

export class Scans {
  #known = new SvelteMap<Digest, ScanState>()

  of(hash: Digest): ScanState {
    return this.#known.get(hash) ?? LOADING
  }

  /** Asks if nothing is known yet, or if what is known may have changed. */
  async ask(hash: Digest, again = false) {
    const known = this.#known.get(hash)
    if (known && !(again && known.state !== 'ready')) return
    if (!known) this.#known.set(hash, LOADING)
    this.#known.set(hash, await this.#answer(hash))
  }

  /** The page could not be drawn although the file could be opened. */
  broken(hash: Digest) {
    this.#known.set(hash, { state: 'unreadable', why: 'crashed' })
  }

  async preload(hash: Digest) {
    await this.ask(hash)
    if (this.of(hash).state === 'ready') new Image().src = desk.picture(picturePath(hash, 1))
  }

  async #answer(hash: Digest): Promise<ScanState> {
    try {
      return { state: 'ready', pages: Math.max(1, (await desk.scanInfo({ hash })).pages) }
    } catch (thrown) {
      const fault = thrown as Fault
      if (fault.code === 'scan_not_here') return { state: 'not_here' }
      if (fault.code === 'scan_unreadable') return { state: 'unreadable', why: fault.why }
      return { state: 'fault', fault }
    }
  }
}

export const picturePath = (hash: Digest, page: number, full = false): string => `scan/${hash}/${page}${full ? '/full' : ''}`
