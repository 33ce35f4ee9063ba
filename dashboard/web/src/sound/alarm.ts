// The alarm for red alerts: a burst of ten pulses in the manner of the
// high-priority signal of IEC 60601-1-8 (3 + 2, pause, 3 + 2; a fundamental with
// four harmonics), made with WebAudio, so there is no file to load.

/** Pulse length and spacings in seconds, within the ranges of the standard. */
const pulse = 0.15
const spacing = 0.1
const groupPause = 2 * pulse + spacing
const halfPause = 0.6
/** From the end of one burst to the start of the next. */
export const betweenBurstsMs = 4_000
/** c4 e4 g4, g4 c5, twice: the general melody. */
const pitches = [262, 330, 392, 392, 523]
const harmonics = [1, 2, 3, 4, 5]

export interface Pulse { at: number; length: number; hz: number }

/** When each pulse of one burst starts, in seconds from the start of it. */
export function burst(): Pulse[] {
  const out: Pulse[] = []
  let at = 0
  for (let half = 0; half < 2; half++) {
    pitches.forEach((hz, i) => {
      out.push({ at, length: pulse, hz })
      at += pulse + (i === 2 ? groupPause : i === 4 ? halfPause : spacing)
    })
  }
  return out
}

export function burstLength(): number {
  const last = burst().at(-1)!
  return last.at + last.length
}

export interface Alarm {
  /** Must be called from a click or key: browsers allow no sound before one. */
  unlock(): Promise<boolean>
  unlocked(): boolean
  /** Sounds one burst now. */
  test(): void
  /** Starts or stops the repeated bursts. */
  ring(on: boolean): void
  onChange(fn: () => void): void
}

export function createAlarm(): Alarm {
  let ctx: AudioContext | null = null
  let timer: number | null = null
  let playing: OscillatorNode[] = []
  let changed: () => void = () => {}

  function context(): AudioContext | null {
    if (!ctx && typeof AudioContext !== 'undefined') {
      ctx = new AudioContext()
      ctx.onstatechange = () => changed()
    }
    return ctx
  }

  function play() {
    const c = context()
    if (!c || c.state !== 'running') return
    const start = c.currentTime + 0.05
    for (const p of burst()) {
      for (const h of harmonics) {
        const osc = c.createOscillator()
        const gain = c.createGain()
        osc.frequency.value = p.hz * h
        const level = 0.22 / h
        const t = start + p.at
        gain.gain.setValueAtTime(0, t)
        gain.gain.linearRampToValueAtTime(level, t + 0.03)
        gain.gain.setValueAtTime(level, t + p.length - 0.03)
        gain.gain.linearRampToValueAtTime(0, t + p.length)
        osc.connect(gain).connect(c.destination)
        osc.start(t)
        osc.stop(t + p.length + 0.01)
        playing.push(osc)
        osc.onended = () => { playing = playing.filter((o) => o !== osc) }
      }
    }
  }

  function silence() {
    for (const o of playing) {
      try {
        o.stop()
      } catch {
        // Not started yet or already over.
      }
      o.disconnect()
    }
    playing = []
  }

  return {
    async unlock() {
      const c = context()
      if (!c) return false
      await c.resume().catch(() => undefined)
      return c.state === 'running'
    },
    unlocked: () => context()?.state === 'running',
    test: play,
    ring(on) {
      if (on === (timer !== null)) return
      if (!on) {
        clearInterval(timer!)
        timer = null
        silence()
        return
      }
      play()
      timer = setInterval(play, burstLength() * 1000 + betweenBurstsMs) as unknown as number
    },
    onChange(fn) { changed = fn },
  }
}
