// Which caller is offered which view and button. The server lists the operations
// open to the caller's role; its authorisation table decides.
import type { Caller, Role } from './types'

type Who = Pick<Caller, 'role' | 'may'>

const can = (operation: string) => (c: Who) => c.may.includes(operation)

export const may = {
  board: (c: Who) => c.may.includes('list-alerts') && !visitsFirst(c.role),
  act: can('ack-alert'),
  note: can('note-alert'),
  visits: can('list-visits'),
  report: can('report-visit'),
  dispatch: can('create-visit'),
  quotas: can('list-visit-quotas'),
  truth: can('get-truth-rates'),
  providers: can('list-providers'),
  putProvider: can('put-provider'),
  residents: can('list-residents'),
  areas: can('list-areas'),
  devices: can('list-devices'),
  latest: can('get-device-latest'),
  deadletters: can('list-deadletters'),
  reports: can('get-report'),
  dutyCheck: can('get-duty-check'),
  askDutyCheck: can('ask-duty-check'),
  rules: can('get-rules'),
  tryRules: can('preview-rules'),
  /** The service's rules hold for everybody: only who sees all may change them. */
  setRules: (c: Who & Pick<Caller, 'areas'>, area: string) => c.may.includes('put-rules') && c.areas.some((a) => a === '' || area === a || area.startsWith(`${a}/`)),
  duty: can('get-duty-now'),
  people: can('list-rotas'),
  setDuty: can('put-policy'),
  replace: can('put-override'),
  absences: can('put-absence'),
  assign: can('assign-alert'),
  merge: can('merge-alert'),
  caseFile: can('get-alert-log'),
  cancelVisit: can('cancel-visit'),
  silences: can('list-silences'),
  silence: can('create-silence'),
  handOver: can('sign-handover'),
  handovers: can('list-handovers'),
  setState: can('set-resident-state'),
  states: can('list-resident-states'),
  collectable: can('list-collectable'),
  collect: can('collect-device'),
  putHome: can('put-home'),
  doorCode: can('make-door-code'),
  live: can('live'),
  told: can('get-own-channels'),
  tellOthers: can('put-user-channels'),
  outbox: can('list-outbox'),
  channels: can('list-channels'),
  retryNotice: can('retry-notice'),
  /** Whose job it is to be woken by red alerts: those who may answer them. */
  sound: can('ack-alert'),
  accounts: can('list-users'),
  audit: can('list-audit'),
  reveal: can('reveal-resident'),
  consents: can('put-consent'),
  demo: can('start-incident'),
}

/** People who are on the road: they start on the field page. */
export function visitsFirst(r: Role): boolean {
  return r === 'provider' || r === 'assistant'
}

export function home(c: Who & Pick<Caller, 'must_enrol'>): string {
  if (c.must_enrol) return '/mine'
  if (may.board(c)) return '/'
  if (visitsFirst(c.role) && c.may.includes('list-field')) return '/field'
  return may.visits(c) ? '/visits' : '/devices'
}
