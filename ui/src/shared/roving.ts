// One row of a table has the focus; the arrows move it. Used by every list, so that all lists answer alike.

const STEPS: { [key: string]: (at: number, last: number) => number } = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
  PageDown: (at, last) => Math.min(at + 10, last),
  PageUp: (at) => Math.max(at - 10, 0),
}

/** For `onkeydown` of a `<table>`: moves the focus among its rows. */
export function rove(event: KeyboardEvent, chosen: (index: number) => void) {
  const step = STEPS[event.key]
  if (!step || event.ctrlKey || event.altKey) return
  const table = event.currentTarget as HTMLElement
  const rows = [...table.querySelectorAll<HTMLElement>('tbody > tr[tabindex]')]
  const at = rows.findIndex((row) => row.contains(document.activeElement))
  const index = step(at, rows.length - 1)
  const row = rows[index]
  if (!row) return
  event.preventDefault()
  row.focus()
  row.scrollIntoView({ block: 'nearest' })
  chosen(index)
}
