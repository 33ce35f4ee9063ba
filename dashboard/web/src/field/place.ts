// Where the phone is, and how to get to a home.
import type { HomePosition } from './types'

export interface Fix { lat_deg: number; lon_deg: number; accuracy_m: number }

/** Why there is no position. */
export type NoFix = 'denied' | 'unavailable' | 'slow' | 'insecure'

/** A fix as good as this is taken at once, others after the wait. */
const goodM = 30
const waitMs = 12_000

/** The best position within some seconds: the first one of a phone is often the mast's. */
export function fixNow(geolocation: Geolocation | undefined = navigator.geolocation, secure = window.isSecureContext): Promise<Fix | NoFix> {
  if (!secure) return Promise.resolve('insecure')
  if (!geolocation) return Promise.resolve('unavailable')
  return new Promise((done) => {
    let best: Fix | null = null
    let why: NoFix = 'slow'
    const watch = geolocation.watchPosition((p) => {
      const fix = { lat_deg: p.coords.latitude, lon_deg: p.coords.longitude, accuracy_m: p.coords.accuracy }
      if (!best || fix.accuracy_m < best.accuracy_m) best = fix
      if (fix.accuracy_m <= goodM) end()
    }, (e) => {
      why = e.code === e.PERMISSION_DENIED ? 'denied' : 'unavailable'
      if (e.code === e.PERMISSION_DENIED) end()
    }, { enableHighAccuracy: true, timeout: waitMs, maximumAge: 10_000 })
    const timer = setTimeout(end, waitMs)
    function end() {
      clearTimeout(timer)
      geolocation!.clearWatch(watch)
      done(best ?? why)
    }
  })
}

const earthM = 6_371_008.8

/** Metres between two WGS-84 positions. */
export function distance(a: Pick<Fix, 'lat_deg' | 'lon_deg'>, b: Pick<Fix, 'lat_deg' | 'lon_deg'>): number {
  const rad = Math.PI / 180
  const sinLat = Math.sin(((b.lat_deg - a.lat_deg) * rad) / 2)
  const sinLon = Math.sin(((b.lon_deg - a.lon_deg) * rad) / 2)
  const h = sinLat * sinLat + Math.cos(a.lat_deg * rad) * Math.cos(b.lat_deg * rad) * sinLon * sinLon
  return 2 * earthM * Math.asin(Math.sqrt(Math.min(1, h)))
}

export interface Way { name: 'amap' | 'baidu' | 'system'; href: string }

/**
 * Links that open a map with the way there. Each map has its own datum: Amap
 * GCJ-02, Baidu BD-09, the phone's own (geo:) WGS-84. Without a position the
 * address is looked for.
 */
export function ways(position: HomePosition | null, address: string, name: string): Way[] {
  const n = (v: number) => v.toFixed(6)
  const q = encodeURIComponent
  if (!position) {
    if (!address) return []
    return [
      { name: 'amap', href: `https://uri.amap.com/search?keyword=${q(address)}&src=shouwang&callnative=1` },
      { name: 'baidu', href: `https://api.map.baidu.com/geocoder?address=${q(address)}&output=html&src=shouwang` },
    ]
  }
  const label = q(name)
  return [
    { name: 'amap', href: `https://uri.amap.com/navigation?to=${n(position.gcj_lon_deg)},${n(position.gcj_lat_deg)},${label}&mode=car&src=shouwang&callnative=1` },
    { name: 'baidu', href: `https://api.map.baidu.com/marker?location=${n(position.bd_lat_deg)},${n(position.bd_lon_deg)}&title=${label}&content=${label}&output=html&src=shouwang` },
    { name: 'system', href: `geo:${n(position.lat_deg)},${n(position.lon_deg)}?q=${n(position.lat_deg)},${n(position.lon_deg)}` },
  ]
}
