// Picks who stands behind the door: the window's own desk, or a desk over HTTP.
import type { Host } from './host'
import { httpHost } from './http'
import { tauriHost } from './tauri'

export type { Host } from './host'

export const host: Host = '__TAURI_INTERNALS__' in globalThis ? tauriHost : httpHost
