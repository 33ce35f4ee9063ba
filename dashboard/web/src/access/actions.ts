// The audit log in words: what was done, and the codes in its details. What has no
// words is shown as it is.
import { word, type Translate } from '@/words/word'

/** What the log can be narrowed to: what people did, and what they read of somebody. */
export const auditActions = [
  'sign-in', 'sign-in-refused', 'sign-out',
  'get-resident', 'get-resident-history', 'list-field', 'read-position', 'reveal-resident', 'get-visit-photo',
  'ack-alert', 'ack-by-link', 'call-alert', 'note-alert', 'assign-alert', 'escalate-alert', 'lower-alert', 'merge-alert', 'close-alert', 'reopen-alert',
  'create-visit', 'start-visit', 'checkin-visit', 'checklist-visit', 'photo-visit', 'report-visit', 'checkout-visit', 'cancel-visit', 'put-home', 'make-door-code',
  'create-silence', 'end-silence', 'sign-handover', 'take-handover', 'ask-duty-check', 'answer-duty-check',
  'put-resident', 'set-resident-state', 'put-absence', 'end-absence', 'put-consent', 'erase-resident',
  'put-area', 'put-provider', 'put-device', 'new-device-secret', 'disable-device', 'enable-device', 'collect-device', 'put-assignment', 'import-registry',
  'put-rules', 'put-policy', 'put-rota', 'remove-rota', 'put-override', 'remove-override', 'put-holiday', 'remove-holiday', 'put-duty-settings',
  'put-own-channels', 'put-user-channels', 'test-own-channel', 'retry-notice',
  'create-user', 'update-user', 'set-user-password', 'disable-user', 'enable-user', 'new-user-token', 'revoke-user-token', 'revoke-user-tokens',
  'reset-user-factor', 'confirm-factor', 'remove-factor', 'new-recovery-codes', 'change-own-password', 'export-report', 'export-audit',
] as const

export function actionWord(t: Translate, action: string): string {
  const said = word(t, 'operation', action.replaceAll('-', '_'))
  return said === action.replaceAll('-', '_') ? action : said
}

/** Which words the code of an action's detail is one of. */
const coded: Record<string, string> = {
  'create-user': 'role', 'call-alert': 'callResult', 'put-resident': 'residentState', 'put-device': 'deviceKind', 'end-silence': 'kind', 'start-incident': 'incident',
  'checkin-visit': 'field.markWord', 'checklist-visit': 'field.step', 'sign-in-refused': 'access.audit.refused',
}
/** Refused sign-ins with made-up names come as a sum. */
const guesses = /^(\d+) with names that no account has$/

export function detailWords(t: Translate, action: string, detail: string): string {
  const guessed = action === 'sign-in-refused' ? guesses.exec(detail) : null
  if (guessed) return t('access.audit.guessed', { n: guessed[1] })
  const group = coded[action]
  if (group) {
    const key = detail.replaceAll(' ', '_')
    const said = word(t, group, key)
    return said === key ? detail : said
  }
  const turn = action === 'set-resident-state' ? /^(\w+) to (\w+)$/.exec(detail) : null
  if (turn) return `${word(t, 'residentState', turn[1])} → ${word(t, 'residentState', turn[2])}`
  const consent = action === 'put-consent' ? /^(.+): granted (true|false)$/.exec(detail) : null
  if (consent) return `${consent[1]!.split(', ').map((x) => word(t, 'access.consent.types', x)).join(t('app.comma'))} · ${t(consent[2] === 'true' ? 'access.consent.granted' : 'access.consent.refused')}`
  const silence = action === 'create-silence' ? /^(\w+) until (\S+)$/.exec(detail) : null
  if (silence) return `${word(t, 'kind', silence[1])} → ${new Date(silence[2]!).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' })}`
  return detail
}

const residents: ReadonlySet<string> = new Set([
  'get-resident', 'get-resident-history', 'list-field', 'read-position', 'reveal-resident', 'put-resident', 'set-resident-state', 'put-consent', 'put-home', 'make-door-code',
])

/** Whether the object of the action is a resident. */
export const ofResident = (action: string) => residents.has(action)
