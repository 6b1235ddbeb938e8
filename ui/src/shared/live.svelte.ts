// A view of the desk that keeps itself current: asks once, and again whenever the desk says that something changed.
import { desk } from '../desk'
import type { Changed, Fault } from '../gen/api'

export class Live<T> {
  value = $state.raw<T | null>(null)
  fault = $state.raw<Fault | null>(null)

  readonly #ask: () => Promise<T>
  readonly #deaf: () => void
  #running: Promise<void> | null = null
  #again = false
  #stopped = false

  constructor(
    ask: () => Promise<T>,
    on: Changed[],
    listen: (hear: (what: Changed) => void) => () => void = desk.onChanged,
  ) {
    this.#ask = ask
    this.#deaf = listen((what) => {
      if (on.includes(what)) void this.refresh()
    })
    void this.refresh()
  }

  /** Asks now. Many calls while one is on its way lead to one more ask, never to a flood. */
  refresh(): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    this.#again = true
    this.#running ??= this.#run()
    return this.#running
  }

  async #run() {
    while (this.#again && !this.#stopped) {
      this.#again = false
      try {
        const value = await this.#ask()
        if (this.#stopped) break
        this.value = value
        this.fault = null
      } catch (fault) {
        if (!this.#stopped) this.fault = fault as Fault
      }
    }
    this.#running = null
  }

  /** Puts in an answer that came another way. */
  take(value: T) {
    this.value = value
    this.fault = null
  }

  stop() {
    this.#stopped = true
    this.#deaf()
  }
}
