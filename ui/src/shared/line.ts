// What the sync chip may claim. The worst that is true is shown; green is earned by an empty outbox and an answer.
import type { LineView } from '../gen/api'

export type LineState = 'offline' | 'action' | 'sending' | 'online'

export function lineState(line: LineView): LineState {
  if (!line.online) return 'offline'
  if (line.attention > 0) return 'action'
  return line.unsent > 0 ? 'sending' : 'online'
}
