import type { components } from './schema'

// The words of the API as the page uses them, from the generated schema. The closed sets are listed here
// so that a test can hold the message files to them.

export const severities = ['red', 'orange', 'yellow', 'blue'] as const
export type Severity = (typeof severities)[number]

export const alertStates = ['open', 'acknowledged', 'dispatched', 'visited', 'closed'] as const
export type AlertState = (typeof alertStates)[number]

export const kinds = [
  'sos', 'fall', 'no_sign_of_life', 'water_inactivity',
  'heart_rate', 'spo2', 'body_temp', 'blood_pressure', 'resp_rate',
  'geofence', 'wandering', 'vital_trend', 'routine_change', 'not_returned',
  'water_burst', 'water_leak', 'water_high_use',
  'not_worn', 'device_silent', 'device_fault', 'low_battery', 'data_outage', 'canary',
] as const
export type Kind = (typeof kinds)[number]

export const outcomes = [
  'well', 'assisted', 'real_emergency', 'hospital', 'away', 'refused', 'deceased',
  'false_alarm', 'device_fault', 'repair', 'recovered', 'test', 'duplicate',
] as const
export type Outcome = (typeof outcomes)[number]

/** Outcomes somebody at the door can find, most frequent first. */
export const visitOutcomes = [
  'well', 'assisted', 'real_emergency', 'hospital', 'away', 'refused', 'false_alarm', 'device_fault', 'deceased',
] as const satisfies readonly Outcome[]

/** Outcomes a person may enter; the others are given by the service. */
export const closeOutcomes = outcomes.filter((o) => o !== 'recovered' && o !== 'duplicate')

export const hows = ['phone', 'family', 'door', 'device'] as const
export type How = (typeof hows)[number]

export const callResults = ['answered', 'no_answer', 'busy', 'wrong_number'] as const
export type CallResult = (typeof callResults)[number]

export const visitStates = ['planned', 'started', 'reported', 'canceled'] as const
export type VisitState = (typeof visitStates)[number]

export const metrics = [
  'volume_m3', 'flow_m3h', 'water_temp_c', 'pressure_kpa',
  'heart_rate_bpm', 'spo2_pct', 'body_temp_c', 'skin_temp_c', 'systolic_mmhg', 'diastolic_mmhg', 'resp_rate_bpm',
  'steps', 'worn', 'lat_deg', 'lon_deg', 'accuracy_m', 'battery_pct', 'battery_v', 'rssi_dbm',
] as const
export type Metric = (typeof metrics)[number]

export const tiers = ['red', 'yellow', 'green'] as const
export const residentStates = ['active', 'hospital', 'institution', 'moved', 'deceased', 'left'] as const
export const roles = ['administrator', 'duty', 'town_duty', 'assistant', 'provider', 'supervisor', 'vendor', 'auditor'] as const
export type Role = (typeof roles)[number]
export const deviceKinds = ['water_meter', 'wristband'] as const
export const refusalCodes = [
  'unknown_device', 'device_disabled', 'malformed', 'not_a_number', 'time_ahead', 'too_old', 'too_large',
  'unknown_event', 'wrong_topic', 'store_refused', 'over_rate',
] as const
export const eventTypes = [
  'alert.opened', 'alert.updated', 'alert.acked', 'alert.escalated', 'alert.recovered', 'alert.closed',
  'visit.created', 'visit.updated', 'visit.planned',
] as const

type Schemas = components['schemas']

export type ResidentRef = Schemas['ResidentRef']
export type Report = Schemas['Report']
export type Visit = Schemas['Visit']
export type Alert = Schemas['Alert']
export type LogEntry = Schemas['LogEntry']
export type Ladder = Schemas['Ladder']
export type Rung = Schemas['Rung']
export type VisitQuota = Schemas['VisitQuota']
export type TruthRate = Schemas['TruthBody']
export type Provider = Schemas['ProviderView']
export type MonthReport = Schemas['Monthly']
export type ReportItem = Schemas['ReportItem']
export type ReportNumber = Schemas['Number']
export type DutyCheck = Schemas['DutyCheck']
export type ProviderWork = Schemas['WorkBody']
export const causes = ['away', 'device', 'habit', 'test', 'other'] as const
export type Contact = Schemas['ContactPerson']
export type Absence = Schemas['AbsenceBody']
export type Worn = Schemas['Worn']
export type Device = Schemas['DeviceBody']
export type Latest = Schemas['LatestItem']
/** As lists give it. */
export type Resident = Schemas['ResidentBody']
export type ResidentDetail = Schemas['ResidentDetail']
export type Factor = Schemas['Factor']
export type Enrolment = Schemas['Enrolment']
export type Account = Schemas['Account']
export type Token = Schemas['Token']
export type AuditEntry = Schemas['Entry']
export type Consents = Schemas['ConsentsOut']
export type Area = Schemas['AreaBody']
export type DeadLetter = Schemas['DeadLetter']
export type Point = Schemas['Point']
export type History = Schemas['HistoryOut']
export type RulesBody = Schemas['RulesBody']
export type RuleVersion = Schemas['RuleVersionBody']
export type EffectiveRules = Schemas['EffectiveRules']
export type RuleScope = Schemas['RuleScope']
export type CallRecord = Schemas['CallRecord']
export type Callback = Schemas['Callback']
export type AtRisk = Schemas['AtRiskBody']
export type Preview = Schemas['PreviewResult']
export type Silence = Schemas['Silence']
export type Sheet = Schemas['Sheet']
export type SheetLine = Schemas['SheetLine']
export type ResidentStates = Schemas['StatesOut']
export type Collectable = Schemas['Collectable']
export type Told = Schemas['ToldAnswer']
export type ToldChannel = Schemas['PersonChannel']
export type TestAnswer = Schemas['TestAnswer']
export type ChannelState = Schemas['ChannelAnswer']
export type NoticeItem = Schemas['NoticeAnswer']
export type Caller = Schemas['Me']
export type Status = Schemas['StatusBody']

export interface Page<T> { items: T[]; next: string | null; as_of_event?: number }

// The lists above must hold every value of the schema: these fail to compile
// when the contract has grown.
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
export const upToDate: [
  Same<Severity, Alert['severity']>, Same<AlertState, Alert['state']>, Same<Outcome, Report['outcome']>,
  Same<VisitState, Visit['state']>, Same<Role, Caller['role']>,
] = [true, true, true, true, true]
