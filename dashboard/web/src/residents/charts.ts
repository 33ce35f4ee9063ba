// Which charts a resident's page has, by the kinds of device.
import type { Metric } from '@/api/types'

export interface ChartSpec {
  metric: Metric
  shape: 'line' | 'bars'
  decimals: number
  /** Span the value axis always has, in the shown unit. */
  range?: [number, number]
  /** Shown only when it has data and the other chart has none. */
  insteadOf?: Metric
  /** A growing counter is shown as use per hour. */
  counter?: { factor: number; fall: 'baseline' | 'zero' }
  /** Summed up by the server, as litres per hour or day. */
  use?: boolean
}

const meter: ChartSpec[] = [
  { metric: 'volume_m3', shape: 'bars', decimals: 1, range: [0, 10], use: true },
]

const band: ChartSpec[] = [
  { metric: 'heart_rate_bpm', shape: 'line', decimals: 0, range: [50, 110] },
  { metric: 'spo2_pct', shape: 'line', decimals: 0, range: [88, 100] },
  { metric: 'body_temp_c', shape: 'line', decimals: 1, range: [35.5, 38] },
  { metric: 'skin_temp_c', shape: 'line', decimals: 1, range: [30, 36], insteadOf: 'body_temp_c' },
  { metric: 'steps', shape: 'bars', decimals: 0, range: [0, 200], counter: { factor: 1, fall: 'zero' } },
]

export function chartsFor(kinds: readonly string[]): ChartSpec[] {
  const known = kinds.filter((k) => k === 'water_meter' || k === 'wristband')
  if (known.length === 0) return []
  return [...(known.includes('water_meter') ? meter : []), ...(known.includes('wristband') ? band : [])]
}

/** Leaves out stand-ins that are not needed, and what they stand in for. */
export function shownCharts(specs: readonly ChartSpec[], hasData: (m: Metric) => boolean): ChartSpec[] {
  const standsIn = (s: ChartSpec) => s.insteadOf !== undefined && hasData(s.metric) && !hasData(s.insteadOf)
  return specs.filter((s) => (s.insteadOf === undefined ? !specs.some((o) => o.insteadOf === s.metric && standsIn(o)) : standsIn(s)))
}
