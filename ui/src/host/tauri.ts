// The desk inside its own window. The only file that knows Tauri.
import { convertFileSrc, invoke } from '@tauri-apps/api/core'
import { listen } from '@tauri-apps/api/event'

import type { Api, Changed } from '../gen/api'
import type { Host } from './host'

export const tauriHost: Host = {
  call<K extends keyof Api>(name: K, body: Api[K]['request']) {
    return invoke<Api[K]['reply']>('call', { name, body })
  },
  onChanged(hear) {
    const listening = listen<Changed>('changed', (event) => hear(event.payload))
    return () => void listening.then((stop) => stop())
  },
  picture: (path) => convertFileSrc(path, 'scan'),
}
