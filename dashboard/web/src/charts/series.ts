// From stored points to what a chart draws. No data is never drawn as no use:
// where nothing is known the value is null and the line or bar is missing.
import type { Point } from '@/api/types'

/** Two columns as uPlot takes them: seconds since 1970, and value or null. */
export interface Series {
  times: number[]
  values: (number | null)[]
  /** Which of the values are of an interval with readings missing. */
  partial?: boolean[]
}

interface Sample { t: number; v: number | null }

function samples(points: readonly Point[]): Sample[] {
  return points
    .map((p) => ({ t: Date.parse(p.ts), v: p.value }))
    .filter((s) => !Number.isNaN(s.t))
    .sort((a, b) => a.t - b.t)
}

/** A pause shorter than this is never a gap: devices jitter. */
const minGapMs = 20 * 60_000
/** A pause of this many usual intervals is a gap. */
const gapFactor = 3
/** How many intervals on each side say what is usual around here. */
const around = 6

/**
 * A line with its gaps: a null is put where the pause between two points is
 * out of proportion to the pauses around it (devices report hourly in one
 * stretch and five-minutely in another, so there is no one right length).
 */
export function line(points: readonly Point[]): Series {
  const all = samples(points)
  const known = all.filter((s): s is { t: number; v: number } => s.v !== null)
  const nulls = all.filter((s) => s.v === null)
  const pauses = known.slice(1).map((s, i) => s.t - known[i]!.t)
  const times: number[] = []
  const values: (number | null)[] = []
  let n = 0
  known.forEach((s, i) => {
    if (i > 0) {
      const before = known[i - 1]!.t
      while (n < nulls.length && nulls[n]!.t <= before) n++
      const told = n < nulls.length && nulls[n]!.t < s.t
      if (told || isGap(pauses, i - 1)) {
        times.push((before + 1) / 1000)
        values.push(null)
      }
    }
    times.push(s.t / 1000)
    values.push(s.v)
  })
  return { times, values }
}

function isGap(pauses: readonly number[], i: number): boolean {
  const pause = pauses[i]!
  if (pause < minGapMs) return false
  const usual = Math.max(median(pauses.slice(Math.max(0, i - around), i)), median(pauses.slice(i + 1, i + 1 + around)))
  return usual > 0 ? pause > gapFactor * usual : false
}

function median(xs: readonly number[]): number {
  if (xs.length === 0) return 0
  const s = [...xs].sort((a, b) => a - b)
  return s[Math.floor(s.length / 2)]!
}

const hourMs = 3_600_000
/** Two registers further apart than this do not tell which hour the use was in. */
const maxSpanMs = 2 * hourMs

export interface CounterOptions {
  /** Multiplies each difference, e.g. 1000 for m³ to litres. */
  factor?: number
  /**
   * What a falling counter means. A water meter was changed or reset: new
   * baseline, nothing known about that interval. A step counter started again
   * from zero at midnight: its new value is what was added.
   */
  fall: 'baseline' | 'zero'
}

/**
 * Use per hour from a growing counter. Each difference is spread over its
 * interval; an hour has a value when more than half of it is covered by
 * intervals of at most two hours.
 */
export function hourly(points: readonly Point[], o: CounterOptions): Series {
  const known = samples(points).filter((s): s is { t: number; v: number } => s.v !== null)
  const bins = new Map<number, { use: number; covered: number }>()
  for (let i = 1; i < known.length; i++) {
    const a = known[i - 1]!
    const b = known[i]!
    const span = b.t - a.t
    if (span <= 0 || span > maxSpanMs) continue
    let diff = b.v - a.v
    // Rounding of the register, not a reset.
    if (diff < 0 && diff > -1e-6 * Math.max(1, Math.abs(a.v))) diff = 0
    if (diff < 0) {
      if (o.fall === 'baseline') continue
      diff = b.v
    }
    for (let bin = Math.floor(a.t / hourMs); bin * hourMs < b.t; bin++) {
      const overlap = Math.min(b.t, (bin + 1) * hourMs) - Math.max(a.t, bin * hourMs)
      if (overlap <= 0) continue
      const c = bins.get(bin) ?? { use: 0, covered: 0 }
      c.use += (diff * (o.factor ?? 1) * overlap) / span
      c.covered += overlap
      bins.set(bin, c)
    }
  }
  if (bins.size === 0) return { times: [], values: [] }
  const keys = [...bins.keys()].sort((a, b) => a - b)
  const times: number[] = []
  const values: (number | null)[] = []
  for (let bin = keys[0]!; bin <= keys[keys.length - 1]!; bin++) {
    const c = bins.get(bin)
    // The middle of the hour, where the bar stands.
    times.push((bin + 0.5) * (hourMs / 1000))
    values.push(c && c.covered > hourMs / 2 ? c.use : null)
  }
  return { times, values }
}

/** Fewer of the expected readings than this make an interval incomplete. */
const complete = 0.9

/**
 * Bars of use, one for each window the server has summed up: none where nothing
 * is known, and marked where readings are missing or the window is not over.
 */
export function windows(points: readonly Point[], windowMs: number, now: number): Series {
  const all = points.map((p) => ({ ...p, t: Date.parse(p.ts) })).filter((p) => !Number.isNaN(p.t)).sort((a, b) => a.t - b.t)
  return {
    times: all.map((p) => (p.t + windowMs / 2) / 1000),
    values: all.map((p) => p.value),
    partial: all.map((p) => p.value !== null && (p.t + windowMs > now || (p.expected ?? 0) > 0 && (p.readings ?? 0) < complete * p.expected!)),
  }
}

/** The newest value that is one, with its time in milliseconds. */
export function newest(s: Series): { at: number; value: number; partial?: boolean } | null {
  for (let i = s.values.length - 1; i >= 0; i--) {
    const v = s.values[i]
    if (v !== null && v !== undefined) return { at: s.times[i]! * 1000, value: v, partial: s.partial?.[i] }
  }
  return null
}

/** A line with fewer points than this shows each of them. */
const fewPoints = 60

/** Points to draw as dots: all of a few, else those a line alone would not show. */
export function dots(values: readonly (number | null)[]): number[] {
  const known = values.flatMap((v, i) => (v === null ? [] : [i]))
  if (known.length < fewPoints) return known
  return known.filter((i) => (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null)
}
