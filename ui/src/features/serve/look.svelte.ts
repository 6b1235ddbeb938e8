// How one page of a scan is looked at: zoom, place, turn and filters. Sums only; the picture itself is drawn by ScanPane.

export interface Size {
  w: number
  h: number
}
export interface Point {
  x: number
  y: number
}
export type Turn = 0 | 90 | 180 | 270
export type Mode = 'fit' | 'width' | 'actual' | 'free'

export const SCALE_MIN = 0.05
export const SCALE_MAX = 8
export const ZOOM_STEP = 1.25
export const PAN_STEP_PX = 64
/** Steps of the C and B keys; the last one leads back to the first. */
export const CONTRASTS = [1, 1.3, 1.7, 2.2] as const
export const BRIGHTNESSES = [1, 1.2, 1.45, 0.8] as const
/** Space that a fitted picture leaves around itself. */
export const MARGIN_PX = 12

const between = (low: number, value: number, high: number) => Math.min(high, Math.max(low, value))

/** The room a picture takes once it is turned. */
export const turned = (size: Size, turn: Turn): Size => (turn % 180 === 0 ? size : { w: size.h, h: size.w })

export function fitScale(picture: Size, pane: Size, turn: Turn): number {
  const { w, h } = turned(picture, turn)
  if (w <= 0 || h <= 0) return 1
  const room = { w: Math.max(1, pane.w - 2 * MARGIN_PX), h: Math.max(1, pane.h - 2 * MARGIN_PX) }
  return between(SCALE_MIN, Math.min(room.w / w, room.h / h), SCALE_MAX)
}

export function widthScale(picture: Size, pane: Size, turn: Turn): number {
  const { w } = turned(picture, turn)
  if (w <= 0) return 1
  return between(SCALE_MIN, Math.max(1, pane.w - 2 * MARGIN_PX) / w, SCALE_MAX)
}

/** How far the middle of the picture may be from the middle of the pane: its edge never comes further in than the pane's. */
export function panLimit(picture: Size, pane: Size, turn: Turn, scale: number): Point {
  const { w, h } = turned(picture, turn)
  return { x: Math.max(0, (w * scale - pane.w) / 2 + MARGIN_PX), y: Math.max(0, (h * scale - pane.h) / 2 + MARGIN_PX) }
}

export function clampPan(at: Point, picture: Size, pane: Size, turn: Turn, scale: number): Point {
  const { w, h } = turned(picture, turn)
  const limit = panLimit(picture, pane, turn, scale)
  // What fits into the pane stays in its middle.
  return {
    x: w * scale <= pane.w ? 0 : between(-limit.x, at.x, limit.x),
    y: h * scale <= pane.h ? 0 : between(-limit.y, at.y, limit.y),
  }
}

/** Where the middle goes so that the spot under `point` (from the pane's middle) stays under it. */
export const zoomedAt = (at: Point, point: Point, from: number, to: number): Point => ({
  x: point.x - ((point.x - at.x) * to) / from,
  y: point.y - ((point.y - at.y) * to) / from,
})

export class Look {
  mode = $state<Mode>('fit')
  turn = $state<Turn>(0)
  contrast = $state(0)
  brightness = $state(0)
  invert = $state(false)
  grey = $state(false)
  picture = $state.raw<Size>({ w: 0, h: 0 })
  pane = $state.raw<Size>({ w: 1, h: 1 })
  /** Pixels of the screen in one pixel of the page. */
  density = $state(1)

  #scale = $state(1)
  #at = $state.raw<Point>({ x: 0, y: 0 })

  // Getters, not deriveds: a look is kept longer than the component that first asked for it.

  /** CSS pixels per pixel of the picture. */
  get scale(): number {
    if (this.mode === 'fit') return fitScale(this.picture, this.pane, this.turn)
    if (this.mode === 'width') return widthScale(this.picture, this.pane, this.turn)
    return this.mode === 'actual' ? 1 / this.density : this.#scale
  }

  get at(): Point {
    return clampPan(this.#at, this.picture, this.pane, this.turn, this.scale)
  }

  get percent(): number {
    return Math.round(this.scale * this.density * 100)
  }

  /** The preview has fewer pixels than would be shown. */
  get wants_full(): boolean {
    return this.mode === 'actual' || this.scale * this.density > 1.01
  }

  get transform(): string {
    const { x, y } = this.at
    return `translate(-50%, -50%) translate(${x}px, ${y}px) rotate(${this.turn}deg) scale(${this.scale})`
  }

  get filter(): string {
    const filters = [
      this.contrast ? `contrast(${CONTRASTS[this.contrast]})` : '',
      this.brightness ? `brightness(${BRIGHTNESSES[this.brightness]})` : '',
      this.invert ? 'invert(1)' : '',
      this.grey ? 'grayscale(1)' : '',
    ]
    return filters.filter(Boolean).join(' ') || 'none'
  }

  /** A picture was loaded; if it is the same page with more pixels, it stays where and as large as it was. */
  loaded(size: Size) {
    if (this.picture.w > 0 && size.w > 0 && this.mode === 'free') this.#scale *= this.picture.w / size.w
    this.picture = size
  }

  fit() {
    this.mode = 'fit'
    this.#at = { x: 0, y: 0 }
  }

  /** As wide as the pane, from the top of the page. */
  width() {
    this.mode = 'width'
    this.#at = { x: 0, y: panLimit(this.picture, this.pane, this.turn, this.scale).y }
  }

  actual() {
    this.mode = 'actual'
    this.#at = { x: 0, y: 0 }
  }

  zoom(factor: number, point: Point = { x: 0, y: 0 }) {
    const from = this.scale
    const to = between(SCALE_MIN, from * factor, SCALE_MAX)
    const at = zoomedAt(this.at, point, from, to)
    this.mode = 'free'
    this.#scale = to
    this.#at = clampPan(at, this.picture, this.pane, this.turn, to)
  }

  pan(dx: number, dy: number) {
    this.#at = clampPan({ x: this.at.x + dx, y: this.at.y + dy }, this.picture, this.pane, this.turn, this.scale)
  }

  rotate(by: 90 | -90) {
    this.turn = ((this.turn + by + 360) % 360) as Turn
    this.#at = { x: 0, y: 0 }
  }

  moreContrast() {
    this.contrast = (this.contrast + 1) % CONTRASTS.length
  }

  moreBrightness() {
    this.brightness = (this.brightness + 1) % BRIGHTNESSES.length
  }
}
