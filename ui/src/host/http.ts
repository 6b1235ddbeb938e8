// The desk behind `desk_http`, for browser tests. The only file that fetches.
import type { Api, Changed, Fault } from '../gen/api'
import type { Host } from './host'

export const httpHost: Host = {
  async call<K extends keyof Api>(name: K, body: Api[K]['request']) {
    let answer: Response
    try {
      answer = await fetch(`/call/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
    } catch {
      throw { code: 'bad_request', what: 'desk_http does not answer' } satisfies Fault
    }
    const json: unknown = await answer.json().catch(() => ({ code: 'bad_request', what: `${answer.status} without JSON` }))
    if (!answer.ok) throw json as Fault
    return json as Api[K]['reply']
  },
  onChanged(hear) {
    const events = new EventSource('/events')
    // Server-sent data may come bare or as a JSON string.
    events.onmessage = (event: MessageEvent<string>) => hear(event.data.replaceAll('"', '') as Changed)
    return () => events.close()
  },
  picture: (path) => `/picture/${path}`,
}
