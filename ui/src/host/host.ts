// The one door between the screens and a desk. Screens know this shape only, never who stands behind it.
import type { Api, Changed } from '../gen/api'

export interface Host {
  /** Asks the desk. Rejects with the desk's own `Fault` and with nothing else. */
  call<K extends keyof Api>(name: K, body: Api[K]['request']): Promise<Api[K]['reply']>
  /** Tells what to ask for again; returns how to stop listening. */
  onChanged(hear: (what: Changed) => void): () => void
  /** Address of a picture: `scan/<hash>/<page>`, `scan/<hash>/<page>/full`, `receipt/<number with ~>/<id|en>`. */
  picture(path: string): string
}
