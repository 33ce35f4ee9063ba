// Small facts about an alert that list and case both show.
import type { Alert } from '@/api/types'
import { duration, moment, ms } from '@/words/time'
import type { Translate } from '@/words'

/** "已升级至镇": how far up the area tree an unanswered alert has gone. */
export function escalatedTo(a: Pick<Alert, 'escalation' | 'area'>, t: Translate): string {
  if (!a.escalation || a.escalation < 1) return ''
  const depth = a.area === '' ? 0 : a.area.split('/').length
  const level = areaLevels[Math.max(1, depth - a.escalation) - 1]
  return t('board.escalated', { to: t(`areaLevel.${level ?? 'county'}`) })
}

/** Names of the levels of the area tree, from the top. */
const areaLevels = ['county', 'town', 'village'] as const

/** When the next step up is due, or after the last its people are told again, while nobody has answered. */
export function escalatesIn(a: Pick<Alert, 'state' | 'escalate_at' | 'again_at'>, now: number, t: Translate): string {
  const again = ms(a.again_at)
  if (a.state === 'open' && again !== null) return again <= now ? t('life.againNow') : t('life.again', { time: duration(again - now, t) })
  const at = ms(a.escalate_at)
  if (a.state !== 'open' || at === null) return ''
  return at <= now ? t('board.dueNow') : t('board.due', { time: duration(at - now, t) })
}

/** Whether the visit for this alert is late, and how its time stands. */
export function visitDue(a: Pick<Alert, 'state' | 'visit'>, now: number, t: Translate): { text: string; late: boolean } | null {
  const v = a.visit
  if (!v || a.state !== 'dispatched' || v.state === 'reported' || v.state === 'canceled') return null
  const due = ms(v.due)
  if (due === null) return null
  return due < now
    ? { text: t('board.visitLate', { time: duration(now - due, t) }), late: true }
    : { text: t('visits.dueIn', { time: duration(due - now, t) }), late: false }
}

/** Whom or what the alert is about, in one name. */
export function subjectName(a: Pick<Alert, 'resident' | 'subject'>, areaName: (path: string) => string): string {
  if (a.resident) return a.resident.name
  return a.subject.type === 'area' ? areaName(a.subject.id) : a.subject.id
}

/** "8 分钟内须处理": until an acknowledged alert goes back to the queue. */
export function ackDue(a: Pick<Alert, 'state' | 'ack_due'>, now: number, t: Translate): { text: string; soon: boolean } | null {
  const at = ms(a.ack_due)
  if (a.state !== 'acknowledged' || at === null) return null
  return { text: at <= now ? t('life.ackNow') : t('life.ackDue', { time: duration(at - now, t) }), soon: at - now < ackSoonMs }
}

/** From here on the countdown is shown as a warning. */
const ackSoonMs = 3 * 60_000

/** When the next promised call is due. */
export function nextCall(a: Pick<Alert, 'state' | 'next_call'>, now: number, t: Translate): { text: string; late: boolean } | null {
  const at = ms(a.next_call)
  if (a.state === 'closed' || at === null) return null
  return at <= now ? { text: t('life.callLate', { time: duration(now - at, t) }), late: true } : { text: t('life.callAt', { time: moment(at, now, t) }), late: false }
}
