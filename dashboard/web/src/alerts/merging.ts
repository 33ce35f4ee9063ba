// Which open alerts one may be merged into; the server holds to the same rule.
import type { Alert } from '@/api/types'

type Told = Pick<Alert, 'id' | 'kind' | 'area' | 'subject' | 'resident'>

export function mergeTargets<A extends Told>(a: Told, open: readonly A[]): A[] {
  return open.filter((o) => {
    if (o.id === a.id || ((a.kind === 'sos' || a.kind === 'fall') && o.kind !== a.kind)) return false
    const samePerson = a.resident !== null && o.resident?.id === a.resident?.id
    const outage = o.kind === 'data_outage' && (o.area === '' || a.area === o.area || a.area.startsWith(`${o.area}/`))
    return samePerson || outage || (o.subject.type === a.subject.type && o.subject.id === a.subject.id)
  })
}
