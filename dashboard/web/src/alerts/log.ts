// A line of an alert's history in words.
import type { LogEntry } from '@/api/types'
import { word, type Translate } from '@/words'
import { duration, full } from '@/words/time'

export function logLine(e: Pick<LogEntry, 'type' | 'data'>, t: Translate, who: (user: string) => string = (u) => u): { title: string; detail: string } {
  const d = e.data ?? {}
  const action = str(d.action)
  const title = action && t(`action.${action}`) !== `action.${action}` ? t(`action.${action}`) : logWord(e.type, t)
  const out: string[] = []
  const from = str(d.from)
  const to = str(d.to)
  if (to) out.push(from ? `${anyWord(from, t)} → ${anyWord(to, t)}` : anyWord(to, t))
  // The stage it has risen to, and from which.
  if (str(d.severity_to)) out.push(`${word(t, 'severity', str(d.severity_from))} → ${word(t, 'severity', str(d.severity_to))}`)
  if (str(d.joined)) out.push(t('log.joined', { kind: word(t, 'kind', str(d.joined)) }))
  if (d.rings === true) out.push(t('log.rings'))
  if (str(d.silence)) out.push(t('quiet.log.held'))
  if (str(d.silence_over)) out.push(t('quiet.log.over'))
  if (d.damped === true) out.push(t('quiet.log.damped'))
  if (d.stays === true) out.push(t('quiet.log.stays'))
  if (d.action === 'freeze' || d.action === 'thaw') out.push(t(`quiet.log.${d.action === 'freeze' ? 'frozen' : 'thawed'}`, { state: word(t, 'residentState', str(d.resident_state)) }))
  if (str(d.severity)) out.push(word(t, 'severity', str(d.severity)))
  if (str(d.outcome)) out.push(word(t, 'outcome', str(d.outcome)))
  if (d.direction === 'in') out.push(t('life.callIn'))
  if (str(d.whom)) out.push(d.whom === 'resident' ? t('action.callSelf') : String(d.whom))
  if (str(d.result)) out.push(word(t, 'callResult', str(d.result)))
  if (str(d.number) && d.number !== d.whom) out.push(str(d.number))
  if (typeof d.seconds === 'number') out.push(duration(d.seconds * 1000, t))
  if (str(d.next_call)) out.push(t('life.promised', { time: full(str(d.next_call)).slice(5, 16) }))
  if (str(d.acked_by)) out.push(t('life.hadIt', { name: who(str(d.acked_by)), time: full(str(d.acked_at)).slice(5, 16) }))
  if (str(d.door_how)) out.push(t(`field.by.${d.door_how}`))
  if (str(d.door_mark)) out.push(t(`field.markWord.${d.door_mark}`))
  if (str(d.door_step)) out.push(`${t(`field.step.${d.door_step}`)} ${t(`field.result.${d.step_result}`)}`)
  if (str(d.condition)) out.push(t(`field.condition.${d.condition}`))
  if (d.follow_up === true) out.push(t('field.followUp'))
  if (str(d.conflict)) out.push(t(`field.conflict.${d.conflict}`))
  if (str(d.how)) out.push(word(t, 'how', str(d.how)))
  if (str(d.verified_by)) out.push(String(d.verified_by))
  if (str(d.assignee)) out.push(t('board.assignee', { name: who(str(d.assignee)) }))
  if (str(d.early)) out.push(t(`duty.log.${d.early === 'unseen' ? 'unseen' : 'unreachable'}`))
  if (d.via === 'board') out.push(t('duty.via.board'))
  else if (d.action === 'seen' && str(d.via)) out.push(str(d.via))
  if (str(d.level)) out.push(t('board.escalated', { to: word(t, 'areaLevel', str(d.level)) }))
  if (Array.isArray(d.told) && d.told.length > 0) out.push(t('duty.log.told', { who: d.told.map((u) => who(String(u))).join(t('app.comma')) }))
  if (d.reachable === false) out.push(t('duty.log.nobody'))
  return { title, detail: out.join(' · ') }
}

// Event types have a dot in them, which vue-i18n takes for a path.
function logWord(type: string, t: Translate): string {
  const key = `log.${type.replace('.', '_')}`
  const s = t(key)
  return s === key ? type : s
}

function anyWord(v: string, t: Translate): string {
  for (const group of ['severity', 'state', 'visitState']) {
    const s = word(t, group, v)
    if (s !== v) return s
  }
  return v
}

function str(v: unknown): string {
  return typeof v === 'string' ? v : ''
}
