// What keeps an alert from ringing, in short, and what a frozen one allows.
import type { Alert } from '@/api/types'
import { word, type Translate } from '@/words'
import { moment } from '@/words/time'

export interface Quiet { key: string; text: string; hint: string; bad: boolean }

export function quietMarks(a: Pick<Alert, 'silenced' | 'frozen' | 'evidence' | 'waits_until'>, now: number, t: Translate): Quiet[] {
  const out: Quiet[] = []
  if (a.frozen) out.push({ key: 'frozen', text: t('lifeState.frozen', { state: word(t, 'residentState', a.frozen) }), hint: t('lifeState.frozenHint'), bad: true })
  const listed = a.evidence?.listed_as
  if (typeof listed === 'string') out.push({ key: 'listed', text: t('lifeState.listed', { state: word(t, 'residentState', listed) }), hint: '', bad: true })
  if (a.silenced) out.push({ key: 'silenced', text: t('quiet.mark', { time: moment(a.silenced.until, now, t) }), hint: t('quiet.markHint'), bad: false })
  if (a.waits_until && Date.parse(a.waits_until) > now) out.push({ key: 'night', text: t('duty.waitsMark', { time: moment(a.waits_until, now, t) }), hint: t('duty.waitsHint'), bad: false })
  const n = a.evidence?.flaps
  if (typeof n === 'number' && n > 1) out.push({ key: 'flaps', text: t('quiet.flaps', { n, min: a.evidence.flaps_min ?? 60 }), hint: t('quiet.flapsHint'), bad: false })
  return out
}

/** The actions that a frozen case leaves. */
export function actionsOf<A extends string>(a: Pick<Alert, 'frozen'>, actions: readonly A[]): A[] {
  return actions.filter((x) => !a.frozen || x === 'note' || x === 'close')
}
