// The silences of a home, which look alike and mean different things: each has
// its own words, mark and route. Only the first may mean that somebody lies there.
import type { Alert } from '@/api/types'
import { word, type Translate } from '@/words/word'

export const silences = ['no_use', 'no_report', 'not_measuring', 'away'] as const
/** No water used, though the meter reported · no report from the meter · the meter
 * reports but does not measure · the resident is away. */
export type Silence = (typeof silences)[number]

type Told = Pick<Alert, 'kind' | 'evidence'> & Partial<Pick<Alert, 'severity'>>

export function silenceOf(a: Told): Silence | null {
  switch (a.kind) {
    case 'water_inactivity':
      return 'no_use'
    case 'device_silent': {
      // Only a meter's silence asks for a phone call or a visit.
      const meter = a.evidence?.device_kind === 'water_meter' || a.severity === 'yellow' || a.severity === 'orange'
      return meter ? 'no_report' : null
    }
    case 'device_fault':
      return a.evidence?.event === 'stuck' ? 'not_measuring' : null
    case 'not_returned':
      return 'away'
  }
  return null
}

/** What the alert is called: a meter that is quiet or stands still is no common
 * fault of a device. */
export function kindWord(a: Told, t: Translate): string {
  const s = silenceOf(a)
  return s === 'no_report' || s === 'not_measuring' ? t(`silence.${s}`) : word(t, 'kind', a.kind)
}
