// The operations of the API that the page uses, by name.
import { queryString, type Client } from './client'
import type { Entry as DoorEntry, Home } from '@/field/types'
import type {
  Account, Alert, Area, AtRisk, AuditEntry, CallRecord, Caller, ChannelState, Collectable, Consents, DeadLetter, Device, DutyCheck, EffectiveRules,
  Enrolment, Factor, History, Ladder, Latest, LogEntry, NoticeItem, Outcome, Page, Preview, Provider, ProviderWork, MonthReport, ReportItem, Resident,
  ResidentDetail, ResidentStates, RuleScope, RuleVersion, RulesBody, Sheet, Silence, Status, TestAnswer, Token, Told, TruthRate, Visit, VisitQuota,
} from './types'
import type { Coverage, DutyNow, DutySettings, EffectivePolicy, Holiday, Override, Policies, Policy, RosterChange, Rota, Rotas, Sighting } from '@/duty/duty'

/** Items per request of lists that are read to their end. */
const pageSize = 200
/** A list is read to its end in at most this many requests. */
const maxPages = 100

export interface Closing { outcome: Outcome; verified_by?: string; how?: string; note?: string; cause?: string }
export interface Call { direction?: string; whom: string; number?: string; started?: string; seconds?: number; result: string; note?: string; next_call?: string; resident?: string }
/** A change of the rules: all of the service, or what a scope has of its own. */
export type RuleChange = { rules: RulesBody } | { settings: Record<string, unknown>; scope: RuleScope; version?: number }
export interface ReportBody { uuid: string; outcome: Outcome; note: string; at: string }

export type Api = ReturnType<typeof createApi>

export function createApi(c: Client) {
  async function all<T>(path: string, query: Record<string, string | number | undefined>): Promise<{ items: T[]; asOf: number }> {
    const items: T[] = []
    let cursor: string | undefined
    let asOf: number | null = null
    for (let i = 0; i < maxPages; i++) {
      const page = await c.get<Page<T>>(path, { ...query, limit: pageSize, cursor })
      items.push(...(page.items ?? []))
      // The list holds from its first page on; later changes come as frames.
      asOf ??= page.as_of_event ?? 0
      if (!page.next) break
      cursor = page.next
    }
    return { items, asOf: asOf ?? 0 }
  }
  const id = encodeURIComponent
  return {
    session: () => c.get<Caller>('/session'),
    /** With the code of the authenticator app, or a recovery code, once it is asked for. */
    signIn: (username: string, password: string, code?: string) => c.post<Caller>('/session', { username, password, code }),
    factor: () => c.get<Factor>('/session/factor'),
    beginFactor: () => c.post<Enrolment>('/session/factor'),
    confirmFactor: (code: string) => c.post<{ recovery_codes: string[] }>('/session/factor/confirm', { code }),
    recoveryCodes: (code: string) => c.post<{ recovery_codes: string[] }>('/session/factor/recovery-codes', { code }),
    removeFactor: (code: string) => c.post<void>('/session/factor/remove', { code }),
    changePassword: (password: string, fresh: string) => c.post<void>('/session/password', { password, new_password: fresh }),

    users: (query: Record<string, string | number | undefined>) => c.get<Page<Account>>('/users', query),
    createUser: (user: { username: string; name: string; role: Account['role']; areas: string[]; password?: string; provider?: string; vendor?: string }) => c.post<Account>('/users', user),
    editUser: (user: string, to: { name: string; role: Account['role']; areas: string[]; provider?: string; vendor?: string }) => c.put<Account>(`/users/${id(user)}`, to),
    setPassword: (user: string, password: string) => c.post<void>(`/users/${id(user)}/password`, { password }),
    disableUser: (user: string) => c.post<void>(`/users/${id(user)}/disable`),
    enableUser: (user: string) => c.post<void>(`/users/${id(user)}/enable`),
    resetFactor: (user: string) => c.delete(`/users/${id(user)}/factor`),
    tokens: (user: string) => c.get<{ items: Token[] }>(`/users/${id(user)}/tokens`).then((r) => r.items),
    newToken: (user: string, reach: { name?: string; role?: Account['role']; areas?: string[]; read_only?: boolean; expires_at?: string }) => c.post<{ token: string; item: Token }>(`/users/${id(user)}/token`, reach),
    revokeToken: (user: string, token: string) => c.delete(`/users/${id(user)}/tokens/${id(token)}`),
    audit: (query: Record<string, string | number | undefined>) => c.get<Page<AuditEntry>>('/audit', query),

    /** Phone and address of a resident about whom nothing is open. */
    reveal: (resident: string, reason: string) => c.post<Resident>(`/residents/${id(resident)}/reveal`, { reason }),
    consents: (resident: string) => c.get<Consents>(`/residents/${id(resident)}/consents`),
    eraseData: (resident: string, data: 'water' | 'vitals' | 'motion' | 'position') => c.post<unknown>(`/residents/${id(resident)}/erase`, { data }),
    putConsent: (resident: string, consent: { data: ('water' | 'vitals' | 'motion' | 'position')[]; granted: boolean; paper?: string; to?: string }) => c.post<Consents>(`/residents/${id(resident)}/consents`, consent),
    signOut: () => c.delete('/session'),
    status: () => c.get<Status>('/status'),

    openAlerts: () => all<Alert>('/alerts', { state: 'open,acknowledged,dispatched,visited' }),
    alerts: (query: Record<string, string | number | undefined>) => c.get<Page<Alert>>('/alerts', query),
    alert: (alert: string) => c.get<Alert>(`/alerts/${id(alert)}`),
    alertLog: (alert: string) => c.get<{ items: LogEntry[] }>(`/alerts/${id(alert)}/log`).then((r) => r.items),
    /** Whom an outage hides. */
    atRisk: (alert: string) => c.get<{ items: AtRisk[] }>(`/alerts/${id(alert)}/residents`).then((r) => r.items),
    ack: (alert: string) => c.post<Alert>(`/alerts/${id(alert)}/ack`),
    note: (alert: string, text: string) => c.post<Alert>(`/alerts/${id(alert)}/note`, { note: text }),
    call: (alert: string, call: Call) => c.post<Alert>(`/alerts/${id(alert)}/call`, call),
    lower: (alert: string, severity: string, reason: string) => c.post<Alert>(`/alerts/${id(alert)}/lower`, { severity, reason }),
    alertCalls: (alert: string) => c.get<{ items: CallRecord[] }>(`/alerts/${id(alert)}/calls`).then((r) => r.items),
    escalate: (alert: string, reason: string) => c.post<Alert>(`/alerts/${id(alert)}/escalate`, { reason }),
    reopen: (alert: string, reason: string) => c.post<Alert>(`/alerts/${id(alert)}/reopen`, { reason }),
    close: (alert: string, closing: Closing) => c.post<Alert>(`/alerts/${id(alert)}/close`, closing),

    visits: (query: Record<string, string | number | undefined>) => all<Visit>('/visits', query).then((r) => r.items),
    visit: (visit: string) => c.get<Visit>(`/visits/${id(visit)}`),
    dispatch: (alert: string, assignee?: string) => c.post<Visit>('/visits', assignee ? { alert, assignee } : { alert }),
    putHome: (resident: string, home: { position?: { lat_deg: number; lon_deg: number; datum?: string }; note?: string }) => c.post<Home>(`/residents/${id(resident)}/home`, home),
    /** The code to hang at the door, with its QR code. */
    doorCode: (resident: string) => c.post<{ code: string; qr?: string }>(`/residents/${id(resident)}/door-code${queryString({ origin: location.origin })}`),
    /** What was entered at the door. */
    doorEntries: (visit: string) => c.get<Page<DoorEntry>>(`/visits/${id(visit)}/entries`).then((r) => r.items),
    startVisit: (visit: string) => c.post<Visit>(`/visits/${id(visit)}/start`),
    reportVisit: (visit: string, report: ReportBody) => c.post<Visit>(`/visits/${id(visit)}/report`, report),

    /** Whom to ask next, before and at the door. */
    ladder: (alert: string) => c.get<Ladder>(`/alerts/${id(alert)}/ladder`),
    visitQuotas: (month?: string) => c.get<{ month: string; items: VisitQuota[] }>('/visits/quotas', { month }),
    truthRates: () => c.get<{ from: string; to: string; items: TruthRate[] }>('/rules/truth'),
    providers: () => c.get<{ items: Provider[] }>('/providers').then((r) => r.items),
    putProvider: (p: { id: string; name: string; villages: string[] }) => c.post<{ id: string }>('/providers', p),
    providerWork: (month: string) => c.get<{ month: string; items: ProviderWork[] }>('/providers/work', { month: month || undefined }),

    alertSeen: (alert: string) => c.get<{ items: Sighting[] }>(`/alerts/${id(alert)}/seen`).then((r) => r.items),
    dutyNow: (area: string) => c.get<DutyNow>('/roster/now', { area: area || undefined }),
    coverage: () => c.get<Coverage>('/roster/coverage'),
    policies: (area: string) => c.get<Policies>('/roster/policies', { area: area || undefined }),
    putPolicy: (p: Policy & { reason: string }) => c.put<EffectivePolicy>('/roster/policies', p),
    rotas: (from: string) => c.get<Rotas>('/roster/rotas', { from: from || undefined }),
    putRota: (rota: string, body: Record<string, unknown>) => c.put<Rota>(`/roster/rotas/${id(rota)}`, body),
    removeRota: (rota: string) => c.delete(`/roster/rotas/${id(rota)}`),
    overrides: () => c.get<{ items: Override[] }>('/roster/overrides').then((r) => r.items),
    putOverride: (body: Record<string, unknown>) => c.post<Override>('/roster/overrides', body),
    removeOverride: (o: string) => c.delete(`/roster/overrides/${id(o)}`),
    holidays: () => c.get<{ items: Holiday[] }>('/roster/holidays').then((r) => r.items),
    putHoliday: (body: Record<string, unknown>) => c.post<Holiday>('/roster/holidays', body),
    removeHoliday: (h: string) => c.delete(`/roster/holidays/${id(h)}`),
    dutySettings: () => c.get<DutySettings>('/roster/settings'),
    putDutySettings: (s: DutySettings, reason: string) => c.put<DutySettings>('/roster/settings', { ...s, reason }),
    rosterChanges: () => c.get<{ items: RosterChange[] }>('/roster/changes').then((r) => r.items),

    residents: (query: Record<string, string | number | undefined>) => c.get<Page<Resident>>('/residents', query),
    resident: (resident: string) => c.get<ResidentDetail>(`/residents/${id(resident)}`),
    history: (resident: string, query: { metric: string; from: string; to: string; every?: string; aggregate?: string; limit?: number }) =>
      c.get<History>(`/residents/${id(resident)}/history`, query),

    devices: (query: Record<string, string | number | undefined>) => c.get<Page<Device>>('/devices', query),
    /** Newest reading of each metric of one device, "vendor/id". */
    latest: (device: string, reason?: string) => c.get<{ items: Latest[]; position_hidden?: boolean }>(`/devices/${device.split('/').map(id).join('/')}/latest`, { reason }),
    areas: () => c.get<{ items: Area[] }>('/areas').then((r) => r.items),
    deadLetters: (query: Record<string, string | number | undefined>) => c.get<Page<DeadLetter>>('/deadletters', query),

    /** What holds for a scope, and where it comes from. */
    rules: (scope: RuleScope) => c.get<EffectiveRules>('/rules/effective', { ...scope }),
    ruleVersions: () => c.get<{ items: RuleVersion[]; defaults: RulesBody }>('/rules/versions'),
    putRules: (change: RuleChange, reason: string) => c.put<RulesBody>('/rules', { ...change, reason }),
    /** What the rules would have done; the server takes up to a minute. */
    previewRules: (change: RuleChange, days: number) => {
      const { version: _, ...proposed } = { version: 0, ...change }
      return c.post<Preview>('/rules/preview', { ...proposed, days }, 75_000)
    },

    report: (query: { month: string; area: string }) => c.get<MonthReport>('/reports/month', query),
    reportItems: (query: { month: string; area: string; list: string }) => c.get<{ items: ReportItem[] }>('/reports/month/items', query).then((r) => r.items),
    dutyCheck: () => c.get<{ check: DutyCheck | null }>('/duty-checks/current'),
    askDutyCheck: (area: string) => c.post<DutyCheck>('/duty-checks', { area }),
    answerDutyCheck: (check: string) => c.post<DutyCheck>(`/duty-checks/${id(check)}/answer`),

    silences: (query: Record<string, string | number | boolean | undefined>) => c.get<{ items: Silence[]; kinds: string[] }>('/silences', query as Record<string, string | number | undefined>),
    createSilence: (s: { resident?: string; device?: string; kind: string; until: string; reason: string }) => c.post<Silence>('/silences', s),
    endSilence: (silence: string, reason: string) => c.post<Silence>(`/silences/${id(silence)}/end`, { reason }),
    draftHandover: () => c.get<Sheet>('/handovers/draft'),
    signHandover: (s: { remarks: { alert: string; text: string }[]; note: string; sound_heard: boolean }) => c.post<Sheet>('/handovers', s),
    takeHandover: (sheet: string, s: { note: string; sound_heard: boolean }) => c.post<Sheet>(`/handovers/${id(sheet)}/take`, s),
    handovers: (query: Record<string, string | number | undefined>) => c.get<Page<Sheet>>('/handovers', query),
    handover: (sheet: string) => c.get<Sheet>(`/handovers/${id(sheet)}`),
    residentStates: (resident: string) => c.get<ResidentStates>(`/residents/${id(resident)}/states`),
    setResidentState: (resident: string, state: string, reason: string) => c.post<ResidentStates>(`/residents/${id(resident)}/state`, { state, reason }),
    collectable: () => c.get<{ items: Collectable[] }>('/collectable-devices').then((r) => r.items),
    collect: (device: string) => c.post<void>(`/devices/${device.split('/').map(id).join('/')}/collect`),

    addAbsence: (absence: { resident: string; from?: string; to?: string; reason?: string }) => c.post<{ id: string }>('/absences', absence),
    endAbsence: (absence: string, resident: string) => c.post<void>(`/absences/${id(absence)}/end`, { resident }),
    assign: (alert: string, assignee: string) => c.post<Alert>(`/alerts/${id(alert)}/assign`, { assignee }),
    merge: (alert: string, into: string) => c.post<Alert>(`/alerts/${id(alert)}/merge`, { into }),
    cancelVisit: (visit: string, reason: string) => c.post<Visit>(`/visits/${id(visit)}/cancel`, { reason }),

    told: (user?: string) => c.get<Told>(user ? `/users/${id(user)}/channels` : '/me/channels'),
    putTold: (told: Pick<Told, 'language' | 'channels'>, user?: string) => c.put<Told>(user ? `/users/${id(user)}/channels` : '/me/channels', told),
    /** Waits for the provider's answer. */
    testChannel: (channel: string, address: string) => c.post<TestAnswer>('/me/channels/test', { channel, address }),
    channels: () => c.get<{ items: ChannelState[] }>('/channels').then((r) => r.items),
    outbox: (query: Record<string, string | number | undefined>) => c.get<Page<NoticeItem>>('/outbox', query),
    retryNotice: (key: string) => c.post<NoticeItem>('/outbox/retry', { key }),

    incidents: () => c.get<{ kinds: string[] }>('/demo/incidents').then((r) => r.kinds),
    startIncident: (kind: string) => c.post<Record<string, unknown>>('/demo/incidents', { kind }),
  }
}
