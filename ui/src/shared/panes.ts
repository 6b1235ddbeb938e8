// Where the focus is, and that it is always somewhere: F6 walks the panes, and when what had the focus goes away, the
// pane it was in takes it.

const panes = () =>
  [...document.querySelectorAll<HTMLElement>('.pane, [data-pane]')].filter((p) => p.offsetParent !== null && p.getClientRects().length > 0)

const FOCUSABLE = 'button, a[href], input:not([type=hidden]), select, textarea, [tabindex="0"]'

/** Gives the focus to a pane: to what it names, else to the first thing in it, else to itself. */
export function focusPane(pane: HTMLElement) {
  const wanted = pane.querySelector<HTMLElement>('[data-pane-focus]') ?? pane.querySelector<HTMLElement>(FOCUSABLE)
  if (wanted) return wanted.focus()
  if (!pane.hasAttribute('tabindex')) pane.tabIndex = -1
  pane.focus()
}

export function walkPanes(step: 1 | -1) {
  const all = panes()
  const at = all.findIndex((p) => p.contains(document.activeElement))
  const next = all[(at + step + all.length) % all.length] ?? all[0]
  if (next) focusPane(next)
}

/** Keeps the focus from falling out of the page. Returns how to stop. */
export function keepFocus(): () => void {
  let last: HTMLElement | null = null
  const note = (event: FocusEvent) => {
    last = (event.target as HTMLElement).closest<HTMLElement>('.pane, [data-pane], main')
  }
  const mend = () => {
    if (document.activeElement !== document.body && document.activeElement !== null) return
    const open = document.querySelector<HTMLElement>('dialog[open]')
    const home = open ?? (last?.isConnected ? last : panes()[0])
    if (home) focusPane(home)
  }
  const watcher = new MutationObserver(mend)
  document.addEventListener('focusin', note)
  watcher.observe(document.body, { childList: true, subtree: true })
  return () => {
    document.removeEventListener('focusin', note)
    watcher.disconnect()
  }
}

/** When a screen has come up: the focus goes to where its work begins, unless the officer is typing or in a dialog. */
export function beginAt(element: HTMLElement | null | undefined) {
  const now = document.activeElement
  if (now instanceof HTMLInputElement || now?.closest('dialog')) return
  element?.focus()
}
