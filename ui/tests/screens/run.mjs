// Walks the real screens in a real browser against a real desk, with the keyboard alone. On every screen, in both
// languages and both themes: no violation that axe knows of, the focus is somewhere, and no text is cut off silently.
// Wanted: LOKET_DESK_URL (a running `desk_http` that serves ui/dist or stands behind `vite dev`), LOKET_OFFICER and
// LOKET_PASSWORD of somebody who may sign in there. Optional: LOKET_UI_URL if the pages come from elsewhere,
// LOKET_ENROL="server code name" for a desk that is not enrolled, LOKET_CODE (a QR's text), CHROMIUM.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

import { chromium } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const SHOTS = fileURLToPath(new URL('../../../target/screens/', import.meta.url))
const SIZES = [
  { width: 1366, height: 690 },
  { width: 1093, height: 552 },
]
/** Slower than any scanner: what a person types must never be taken for a code. */
const TYPING_MS = 60
const SCANNING_MS = 6

/** @typedef {{ passed: number, failed: number }} Count */

export class Walk {
  /** @param {import('playwright-core').Page} page @param {Count} count */
  constructor(page, count) {
    this.page = page
    this.count = count
  }

  check(name, problems) {
    const list = Array.isArray(problems) ? problems : problems ? [problems] : []
    if (list.length === 0) this.count.passed += 1
    else {
      this.count.failed += 1
      console.log(`FAILED ${name}`)
      for (const problem of list) console.log(`  ${problem}`)
    }
  }

  async press(...keys) {
    for (const key of keys) {
      await this.page.keyboard.press(key)
      await this.page.waitForTimeout(120)
    }
  }

  async type(text) {
    await this.page.keyboard.type(text, { delay: TYPING_MS })
  }

  async scan(code) {
    await this.page.keyboard.type(code, { delay: SCANNING_MS })
    await this.page.keyboard.press('Enter')
    await this.page.waitForTimeout(400)
  }

  async settle() {
    await this.page.waitForTimeout(400)
  }

  said() {
    return this.page.locator('[role=status]').first().innerText()
  }

  /** Everything that must hold on any screen. */
  async look(name, { sizes = SIZES } = {}) {
    for (const size of sizes) {
      await this.page.setViewportSize(size)
      for (const language of ['id', 'en']) {
        for (const theme of ['light', 'dark']) {
          await this.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
          await this.language(language)
          const where = `${name}-${size.width}-${language}-${theme}`
          // A picture that is being opened is no state to look at.
          await this.page.waitForFunction(() => !document.querySelector('.canvas .waiting'))
          this.check(`${where}: axe`, await this.axe())
          this.check(`${where}: focus`, await this.focusLost())
          this.check(`${where}: clipped`, await this.clipped())
          await this.page.screenshot({ path: `${SHOTS}${where}.png` })
        }
      }
    }
    await this.page.setViewportSize(SIZES[0])
    await this.language('id')
  }

  async language(language) {
    const now = await this.page.evaluate(() => document.documentElement.lang)
    if (now !== language) await this.press('Control+Shift+E')
  }

  async axe() {
    const found = await this.page.evaluate(async () => {
      const result = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
      return result.violations.map((v) => `${v.id}: ${v.help} — ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(' | ')}`)
    })
    return found
  }

  focusLost() {
    return this.page.evaluate(() => {
      const at = document.activeElement
      if (at === null || at === document.body) return 'the focus is on the body'
      const box = at.getBoundingClientRect()
      return box.width === 0 || box.height === 0 ? `the focus is on something invisible: ${at.outerHTML.slice(0, 80)}` : null
    })
  }

  /** Text that is wider than its place, and neither scrolls nor says its whole in a title. */
  clipped() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('body *')]
        .filter((e) => {
          if (!(e instanceof HTMLElement) || e.clientWidth === 0 || e.scrollWidth <= e.clientWidth + 1) return false
          const style = getComputedStyle(e)
          if (style.overflowX === 'auto' || style.overflowX === 'scroll') return false
          // Kept for readers of the screen, out of sight.
          if (style.clipPath !== 'none') return false
          if (e.closest('[title], input, [data-clip-ok]')) return false
          return style.textOverflow !== 'ellipsis'
        })
        .map((e) => `${e.tagName.toLowerCase()}.${e.className} ${e.scrollWidth}>${e.clientWidth} "${(e.textContent ?? '').trim().slice(0, 50)}"`),
    )
  }

  /** Tab goes round without ever leaving the page, and every stop shows where it is. */
  async tabRound(name, stops = 25) {
    const bad = []
    for (let i = 0; i < stops; i++) {
      await this.page.keyboard.press('Tab')
      const problem = await this.page.evaluate(() => {
        const at = document.activeElement
        if (!at || at === document.body) return null
        const style = getComputedStyle(at)
        return style.outlineStyle === 'none' && !at.matches('[role=grid], .pane, main, dialog') ? `no visible focus on ${at.outerHTML.slice(0, 90)}` : null
      })
      if (problem) bad.push(problem)
    }
    this.check(`${name}: focus can be seen`, bad)
  }
}

const has = (page, selector) => page.locator(selector).first().isVisible()

async function signIn(walk, { officer, password, enrol }) {
  const { page } = walk
  await page.waitForSelector('h1, .empty')
  if (await has(page, '.enrol')) {
    await walk.look('enrol')
    if (!enrol) throw new Error('The desk is not enrolled; set LOKET_ENROL="server code name".')
    const [server, code, ...name] = enrol.split(' ')
    await walk.press('Control+a')
    await walk.type(server)
    await walk.press('Tab')
    await walk.type(code)
    await walk.press('Tab')
    await walk.type(name.join(' '))
    await walk.press('Enter')
    await page.waitForSelector('.sign', { timeout: 30_000 })
  }
  if (await has(page, 'input[type=password]')) {
    await walk.look('signin')
    await walk.tabRound('signin', 8)
    await page.locator('input[autocomplete=username]').focus()
    await walk.press('Control+a')
    await walk.type(officer)
    await walk.press('Tab')
    await walk.type('bukan sandi ini')
    await walk.press('Enter')
    await page.waitForSelector('[aria-invalid=true]', { timeout: 30_000 })
    walk.check('a wrong password says how many tries are left', /\d/.test(await page.locator('.hint').first().innerText()) ? null : 'no number')
    await walk.look('signin-wrong', { sizes: [SIZES[0]] })
    await walk.type(password)
    await walk.press('Enter')
    await page.waitForSelector('nav button[aria-keyshortcuts="Control+1"]', { timeout: 30_000 })
  }
  await walk.settle()
  if (await has(page, '.sign')) {
    await page.waitForSelector('tr[aria-selected=true]')
    await walk.look('counters')
    walk.check('one Enter opens the counter', await focusIn(page, 'tr') ? null : 'the preselected counter has no focus')
    await walk.press('Enter')
    await page.waitForSelector('.queue', { timeout: 30_000 })
  }
}

const focusIn = (page, selector) => page.evaluate((s) => document.activeElement?.closest(s) != null, selector)

async function queue(walk, code) {
  const { page } = walk
  await walk.settle()
  await walk.look('queue')
  await walk.press('1')
  await walk.look('queue-all')
  await walk.press('ArrowDown', 'ArrowDown')
  walk.check('arrows move among rows', (await focusIn(page, 'tr[aria-selected=true]')) ? null : 'no row has the focus')
  await walk.press('Enter')
  await page.waitForSelector('dialog[open]')
  await walk.look('queue-row-menu', { sizes: [SIZES[0]] })
  await walk.press('Escape')
  walk.check('a dialog gives the focus back', (await focusIn(page, 'tr')) ? null : await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 80) ?? 'nothing'))
  await walk.press('F1')
  await walk.look('help', { sizes: [SIZES[0]] })
  await walk.press('Escape', 'Control+k')
  await walk.look('palette', { sizes: [SIZES[0]] })
  await walk.press('Escape', 'Control+f')
  await walk.type('a')
  await walk.settle()
  await walk.look('queue-find', { sizes: [SIZES[0]] })
  if (code) {
    await walk.press('Control+f')
    await page.locator('.find input').fill('sri')
    await walk.scan(code)
    walk.check('a scan leaves the field as it was', (await page.locator('.find input').inputValue()) === 'sri' ? null : await page.locator('.find input').inputValue())
    walk.check('a scan is answered', (await walk.said()).trim() === '' ? 'nothing was said' : null)
  }
  await walk.press('Escape', 'Escape')
  await walk.scan('BUKANKODE123')
  walk.check('an unknown code is said', (await walk.said()).trim() === '' ? 'nothing was said' : null)
  await walk.tabRound('queue')
}

async function callAndServe(walk) {
  const { page } = walk
  if (!(await has(page, '.call .ticket'))) {
    await walk.press('F2')
    await page.waitForSelector('.call .ticket', { timeout: 30_000 }).catch(() => {})
  }
  if (!(await has(page, '.call .ticket'))) return walk.check('F2 calls somebody', await walk.said())
  await walk.look('queue-called')
  await walk.press('F7')
  if (await has(page, 'dialog[open]')) {
    await walk.look('queue-move', { sizes: [SIZES[0]] })
    await walk.press('1', 'Enter')
    await walk.settle()
    walk.check('a hold can be undone', (await has(page, '.undo')) ? null : await walk.said())
    await walk.press('Control+z')
    await page.waitForSelector('.call .ticket', { timeout: 10_000 }).catch(() => {})
    walk.check('after the undo the number is called again', (await has(page, '.call .ticket')) ? null : await walk.said())
  }
  await walk.press('F4')
  await page.waitForSelector('.identity', { timeout: 30_000 }).catch(() => {})
  walk.check('F4 opens the case', (await has(page, '.identity')) ? null : await walk.said())
  if (!(await has(page, '.identity'))) return
  await walk.settle()
  await walk.look('serve')
  const tabs = await page.locator('.identity [role=tab]').count()
  for (let i = 1; i < tabs; i++) {
    await page.locator('.identity [role=tab][aria-selected=true]').focus()
    await walk.press('ArrowRight')
    await walk.settle()
    await walk.look(`serve-${i + 1}`)
  }
  await walk.tabRound('serve')
}

async function sync(walk) {
  await walk.press('Control+3')
  await walk.page.waitForSelector('.figures')
  await walk.settle()
  await walk.look('sync')
  await walk.tabRound('sync')
  await walk.press('Alt+2')
  await walk.look('sync-waiting', { sizes: [SIZES[0]] })
}

async function lock(walk) {
  await walk.press('Control+l')
  await walk.page.waitForSelector('input[type=password]')
  walk.check('nobody’s name stays on a locked screen', (await has(walk.page, '.rows, .identity')) ? 'the queue is still there' : null)
  walk.check('the password field waits', (await focusIn(walk.page, 'input')) ? null : 'the focus is elsewhere')
}

/** Walks everything. @returns {Promise<Count>} */
export async function screens(baseUrl, { officer, password, enrol, code } = {}) {
  mkdirSync(SHOTS, { recursive: true })
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
  const count = { passed: 0, failed: 0 }
  try {
    // The strict CSP of the pages keeps scripts out; axe has to come in beside it.
    const context = await browser.newContext({ viewport: SIZES[0], bypassCSP: true, locale: 'id-ID', timezoneId: 'America/New_York' })
    await context.addInitScript(AXE)
    const page = await context.newPage()
    const walk = new Walk(page, count)
    const broken = []
    page.on('pageerror', (error) => broken.push(String(error)))
    await page.goto(baseUrl)
    await signIn(walk, { officer, password, enrol })
    await queue(walk, code)
    await callAndServe(walk)
    await sync(walk)
    await lock(walk)
    walk.check('no error in the page', broken)
  } finally {
    await browser.close()
  }
  return count
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { LOKET_UI_URL, LOKET_DESK_URL, LOKET_OFFICER, LOKET_PASSWORD, LOKET_ENROL, LOKET_CODE } = process.env
  const url = LOKET_UI_URL ?? LOKET_DESK_URL
  if (!url || !LOKET_OFFICER || !LOKET_PASSWORD) {
    console.error('Set LOKET_DESK_URL, LOKET_OFFICER and LOKET_PASSWORD.')
    process.exit(2)
  }
  const { passed, failed } = await screens(url, { officer: LOKET_OFFICER, password: LOKET_PASSWORD, enrol: LOKET_ENROL, code: LOKET_CODE })
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed > 0 ? 1 : 0)
}
