// The sums of the viewer: a picture fits, stays in reach, and stays under the pointer.
import { describe, expect, it } from 'vitest'
import { BRIGHTNESSES, clampPan, CONTRASTS, fitScale, Look, MARGIN_PX, panLimit, SCALE_MAX, SCALE_MIN, turned, widthScale, zoomedAt } from './look.svelte'

const page = { w: 1000, h: 2000 }
const pane = { w: 524, h: 424 }

function looking(): Look {
  const look = new Look()
  look.pane = pane
  look.loaded(page)
  return look
}

describe('a picture in its pane', () => {
  it('fits with a margin, whichever side is the longer', () => {
    expect(fitScale(page, pane, 0)).toBeCloseTo((pane.h - 2 * MARGIN_PX) / 2000)
    expect(fitScale(page, pane, 90)).toBeCloseTo((pane.w - 2 * MARGIN_PX) / 2000)
  })

  it('is as wide as the pane after a turn as well', () => {
    expect(widthScale(page, pane, 0)).toBeCloseTo((pane.w - 2 * MARGIN_PX) / 1000)
    expect(widthScale(page, pane, 270)).toBeCloseTo((pane.w - 2 * MARGIN_PX) / 2000)
  })

  it('changes sides on a quarter turn only', () => {
    expect(turned(page, 180)).toEqual(page)
    expect(turned(page, 90)).toEqual({ w: 2000, h: 1000 })
  })

  it('does not break before the picture or the pane has a size', () => {
    expect(fitScale({ w: 0, h: 0 }, pane, 0)).toBe(1)
    expect(fitScale(page, { w: 0, h: 0 }, 0)).toBeGreaterThanOrEqual(SCALE_MIN)
  })

  it('can be moved until its edge shows, and not at all where it fits', () => {
    const limit = panLimit(page, pane, 0, 1)
    expect(clampPan({ x: 9999, y: -9999 }, page, pane, 0, 1)).toEqual({ x: limit.x, y: -limit.y })
    expect(clampPan({ x: 50, y: 50 }, page, pane, 0, 0.1)).toEqual({ x: 0, y: 0 })
  })

  it('keeps the spot under the pointer where it is while zooming', () => {
    const at = zoomedAt({ x: 10, y: -20 }, { x: 100, y: 50 }, 1, 2)
    // The spot that was 90 px right of the middle is 180 px right of it now.
    expect(at).toEqual({ x: 100 - 180, y: 50 - 140 })
  })
})

describe('a look', () => {
  it('zooms from where it fits and stops at its limits', () => {
    const look = looking()
    const fitted = look.scale
    look.zoom(1.25)
    expect(look.mode).toBe('free')
    expect(look.scale).toBeCloseTo(fitted * 1.25)
    for (let i = 0; i < 40; i++) look.zoom(2)
    expect(look.scale).toBe(SCALE_MAX)
    for (let i = 0; i < 40; i++) look.zoom(0.5)
    expect(look.scale).toBe(SCALE_MIN)
  })

  it('stays as large as it was when the picture comes with more pixels', () => {
    const look = looking()
    look.zoom(3)
    const wide = look.scale * look.picture.w
    look.loaded({ w: 3000, h: 6000 })
    expect(look.scale * look.picture.w).toBeCloseTo(wide)
  })

  it('wants the original when one to one, and not when it fits', () => {
    const look = looking()
    expect(look.wants_full).toBe(false)
    look.actual()
    expect(look.wants_full).toBe(true)
    expect(look.percent).toBe(100)
  })

  it('starts at the top of the page when it is as wide as the pane', () => {
    const look = looking()
    look.width()
    expect(look.at.y).toBeGreaterThan(0)
    expect(look.at).toEqual(clampPan({ x: 0, y: 99999 }, page, pane, 0, look.scale))
  })

  it('turns round and back, and comes to itself after the last step of a filter', () => {
    const look = looking()
    look.rotate(-90)
    expect(look.turn).toBe(270)
    for (let i = 0; i < 5; i++) look.rotate(90)
    expect(look.turn).toBe(0)
    for (let i = 0; i < CONTRASTS.length; i++) look.moreContrast()
    for (let i = 0; i < BRIGHTNESSES.length; i++) look.moreBrightness()
    expect(look.filter).toBe('none')
  })

  it('cannot be moved out of reach, even after zooming out again', () => {
    const look = looking()
    look.zoom(8)
    look.pan(-5000, 5000)
    look.zoom(1 / 8)
    expect(look.at).toEqual(clampPan(look.at, page, pane, 0, look.scale))
  })
})
