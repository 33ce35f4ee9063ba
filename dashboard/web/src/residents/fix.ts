// Where a band was last, from the newest readings of it.
import type { Latest } from '@/api/types'
import { ms } from '@/words/time'

export interface Fix { lat: number; lon: number; at: number; old: boolean }

/** A position older than this says little of where somebody is. */
export const oldFixMs = 30 * 60_000

export function fixOf(latest: readonly Pick<Latest, 'metric' | 'value' | 'ts'>[], now: number): Fix | null {
  const lat = latest.find((i) => i.metric === 'lat_deg')
  const lon = latest.find((i) => i.metric === 'lon_deg')
  if (!lat || !lon) return null
  // The older of the two, should one have come without the other.
  const at = Math.min(ms(lat.ts) ?? 0, ms(lon.ts) ?? 0)
  return at === 0 ? null : { lat: lat.value, lon: lon.value, at, old: now - at > oldFixMs }
}
