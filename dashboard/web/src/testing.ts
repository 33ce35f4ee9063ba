// Objects for the tests, complete and distinct.
import type { Alert, Visit } from '@/api/types'

export function makeAlert(id: string, over: Partial<Alert> = {}): Alert {
  return {
    id, kind: 'sos', severity: 'red', state: 'open', late: false,
    subject: { type: 'resident', id: 'r-' + id }, resident: { id: 'r-' + id, name: 'Resident ' + id }, area: 'sx/zl/xw',
    since: '2026-11-23T08:00:00Z', opened_at: '2026-11-23T08:00:00Z', rang_at: '2026-11-23T08:00:00Z',
    acked_at: null, recovered_at: null, closed_at: null, assignee: null, outcome: null,
    evidence: {}, rule: { id: 'sos', version: 1 }, escalation: 0, escalate_at: null, again_at: null,
    found_at: '2026-11-23T08:00:00Z', known_at: '2026-11-23T08:00:00Z', visit: null, ack_due: null, next_call: null, waits_until: null, delivered_at: null, delivered_to: null, silenced: null, frozen: '', ...over,
  }
}

export function makeVisit(id: string, over: Partial<Visit> = {}): Visit {
  return {
    id, alert: null, resident: { id: 'r-' + id, name: 'Resident ' + id }, area: 'sx/zl/xw', state: 'planned',
    assignee: 'provider', provider: 'p', due: '2026-11-23T12:00:00Z', created_at: '2026-11-23T08:00:00Z', started_at: null, report: null,
    kind: 'home', plan: '', arrived_at: null, left_at: null, reminded: 0, settled: null, ...over,
  }
}
