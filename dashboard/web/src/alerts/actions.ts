// What can be done with an alert in which state. The server decides (its state
// machine answers 409); this only keeps pointless buttons off the page.
import { Problem } from '@/api/client'
import type { AlertState } from '@/api/types'
import { refused } from '@/words/refused'
import { duration } from '@/words/time'
import { word, type Translate } from '@/words'

export const alertActions = ['ack', 'call', 'dispatch', 'note', 'escalate', 'close', 'reopen', 'assign', 'merge', 'cancel', 'lower'] as const
export type AlertAction = (typeof alertActions)[number]

const allowed: Record<AlertState, readonly AlertAction[]> = {
  open: ['ack', 'call', 'dispatch', 'note', 'escalate', 'close', 'assign', 'merge'],
  acknowledged: ['call', 'dispatch', 'note', 'escalate', 'close', 'reopen', 'assign', 'merge', 'lower'],
  dispatched: ['call', 'dispatch', 'note', 'escalate', 'close', 'assign', 'merge', 'cancel', 'lower'],
  visited: ['call', 'dispatch', 'note', 'escalate', 'close', 'assign', 'merge', 'lower'],
  closed: ['note', 'reopen'],
}

export function actionsFor(state: AlertState): readonly AlertAction[] {
  return allowed[state] ?? []
}

/** Those that are seldom needed, behind a button of their own. */
export const seldom: ReadonlySet<AlertAction> = new Set(['assign', 'merge', 'cancel', 'reopen', 'lower'])

/** The step that usually comes next, shown as the main button. */
export function nextAction(state: AlertState): AlertAction | null {
  switch (state) {
    case 'open': return 'ack'
    case 'acknowledged': return 'dispatch'
    case 'visited': return 'close'
    default: return null
  }
}

/** A failed action in plain words: what happened, and to whom it is owed. */
export function explain(e: unknown, action: string, t: Translate): string {
  if (!(e instanceof Problem)) return String(e)
  switch (e.status) {
    case 0: return t('error.unreachable')
    case 403: return t('error.forbidden')
    case 404: return t('error.notFound')
    case 409: {
      const state = stateOf(e)
      const by = typeof e.body.by === 'string' && e.body.by !== '' ? t('error.conflictBy', { name: e.body.by }) : ''
      return state ? t('error.conflict', { action, state: word(t, 'state', state) }) + by : e.message
    }
    case 400:
    case 422:
      // The code of an authenticator app is entered in several forms.
      if (list(e.body.errors).some((x) => x.field === 'code' && String(x.rule).startsWith('is wrong'))) return t('access.signin.codeWrong')
      return t('error.input', { detail: detail(e, t) })
    case 429: return typeof e.body.retry_after_s === 'number' ? t('error.tooManyFor', { time: duration(e.body.retry_after_s * 1000, t) }) : t('error.tooMany')
  }
  return t('error.server', { status: e.status, detail: e.message })
}

/** The alert's state in a 409, wherever the problem document carries it. */
function stateOf(e: Problem): string | null {
  if (typeof e.body.state === 'string') return e.body.state
  for (const x of list(e.body.errors)) {
    if (typeof x.location === 'string' && x.location.endsWith('state') && typeof x.value === 'string') return x.value
    if (x.field === 'state' && typeof x.value === 'string') return x.value
  }
  return null
}

/** Field and rule of each error of a problem document. */
function detail(e: Problem, t: Translate): string {
  const errors = list(e.body.errors).map((x) => refused(x.field ?? x.location, x.rule ?? x.message, t))
  return errors.length > 0 ? errors.join('; ') : e.message
}

function list(v: unknown): Record<string, unknown>[] {
  return Array.isArray(v) ? (v as Record<string, unknown>[]) : []
}
