// Which alerts of the worklist are shown. "" selects everything.
import type { Alert } from '@/api/types'

export interface Filters { severity: string; kind: string; state: string; area: string }

export function noFilters(): Filters {
  return { severity: '', kind: '', state: '', area: '' }
}

export function matches(a: Alert, f: Filters): boolean {
  return (f.severity === '' || a.severity === f.severity)
    && (f.kind === '' || a.kind === f.kind)
    && (f.state === '' || a.state === f.state)
    && (f.area === '' || a.area === f.area || a.area.startsWith(f.area + '/'))
}

export function anyFilter(f: Filters): boolean {
  return f.severity !== '' || f.kind !== '' || f.state !== '' || f.area !== ''
}
