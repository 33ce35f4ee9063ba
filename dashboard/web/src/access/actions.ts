// The actions of the audit log that people look for, in words; others are shown as
// they are, and the search finds them.
import type { Translate } from '@/words'

export const auditActions = [
  'sign-in', 'sign-in-refused', 'sign-out', 'get-resident', 'get-resident-history', 'read-position', 'reveal-resident',
  'ack-alert', 'call-alert', 'close-alert', 'reopen-alert', 'create-visit', 'report-visit', 'put-resident',
  'put-consent', 'erase-resident', 'put-device', 'new-device-secret', 'put-assignment', 'import-registry', 'put-rules',
  'create-user', 'set-user-password', 'disable-user', 'enable-user', 'new-user-token', 'revoke-user-token', 'revoke-user-tokens',
  'reset-user-factor', 'confirm-factor', 'remove-factor', 'change-own-password', 'export-audit',
] as const

export function actionWord(t: Translate, action: string): string {
  return (auditActions as readonly string[]).includes(action) ? t(`access.action.${action.replaceAll('-', '_')}`) : action
}
