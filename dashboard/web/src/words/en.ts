import { told } from './told.en'
import { access } from './access.en'
import { evidence } from './evidence.en'
import { operation } from './operations.en'
import { duty } from './duty.en'
import { reports } from './reports.en'
import { rounds } from './rounds.en'
import { life } from './life.en'
import { field } from './field.en'
import { rules } from './rules.en'
import { shift, silence as quiet, state as lifeState } from './shift.en'
import type { Messages } from './zh'

export const en: Messages = {
  app: {
    name: 'Shouwang', tagline: 'Home care by water meters and wristbands', skip: 'Skip to content',
    loading: 'Loading…', retry: 'Try again', cancel: 'Cancel',
    yes: 'yes', no: 'no', comma: ', ', colon: ': ', optional: 'optional', required: 'This field is needed',
    theme: 'Switch light and dark',
  },
  nav: { told: 'Notices', board: 'Board', visits: 'Visits', providers: 'Providers', shift: 'Shift', residents: 'Residents', devices: 'Devices', areas: 'Areas', duty: 'Duty', reports: 'Reports', rules: 'Rules', deadletters: 'Refused', accounts: 'Accounts', audit: 'Audit', mine: 'My account', more: 'More', main: 'Main navigation', signOut: 'Sign out' },
  signin: {
    title: 'Sign in', username: 'User name', password: 'Password', submit: 'Sign in', working: 'Signing in…', failed: 'Wrong user name or password.', expired: 'Your session has ended. Please sign in again.',
  },
  connection: {
    live: 'Live', connecting: 'Connecting', stale: 'Connection lost',
    dataAsOf: 'As of', noData: 'no data yet', behind: 'data {time} behind',
    banner: 'Connection lost: this screen has stopped.', bannerAsOf: 'Data as of {time}; what you see may be out of date. Reconnecting…',
    never: 'The server has not answered yet. Trying again…',
  },
  warning: {
    telemetry_refused: 'The disk is nearly full: readings are turned away, only calls and events are taken. Tell the administrator.',
    events_refused: 'The disk is full: calls for help are not taken either! Tell the administrator at once.',
    store_damaged: 'The store was damaged and has been mended at the start; readings may be missing. Tell the administrator.',
    canary_silent: 'The service\'s own messages do not come through: what you see may not be true! Tell the administrator at once, and check by phone.',
    notices_failed: 'Somebody was not told, or red notices cannot be sent. Look at "Notices" and tell them by phone.',
    messages_set_aside: 'Received data cannot be read and is set aside for 7 days; a call may be in it. Tell the administrator.',
  },
  sound: {
    on: 'Sound', off: 'Muted', turnOn: 'Turn sound on', turnOff: 'Turn sound off', test: 'Test',
    banner: 'The browser needs one click before it may sound: red alerts are silent now.', enable: 'Enable sound', muted: 'Sound is off: red alerts are silent.',
    ringing: 'Red alert waiting',
  },
  severity: { red: 'Red', orange: 'Orange', yellow: 'Yellow', blue: 'Blue' },
  level: { red: 'Level Ⅰ', orange: 'Level Ⅱ', yellow: 'Level Ⅲ', blue: 'Level Ⅳ' },
  areaLevel: { county: 'county', town: 'town', village: 'village' },
  state: { open: 'Open', acknowledged: 'Acknowledged', dispatched: 'Dispatched', visited: 'Visited', closed: 'Closed' },
  kind: {
    sos: 'SOS', fall: 'Fall', no_sign_of_life: 'No sign of life', water_inactivity: 'No water use',
    heart_rate: 'Heart rate', spo2: 'Blood oxygen', body_temp: 'Body temperature', blood_pressure: 'Blood pressure', resp_rate: 'Breathing rate',
    geofence: 'Left safe area', wandering: 'Wandering', vital_trend: 'Change in vital signs', routine_change: 'Change in routine', not_returned: 'Not returned',
    water_burst: 'Burst pipe', water_leak: 'Water leak', water_high_use: 'High water use',
    not_worn: 'Band not worn', device_silent: 'Device silent', device_fault: 'Device fault', low_battery: 'Low battery', data_outage: 'Data outage', canary: 'Self-check broken',
  },
  outcome: {
    real_emergency: 'Real emergency', assisted: 'Assisted', well: 'Well', deceased: 'Deceased', hospital: 'In hospital', away: 'Away from home', refused: 'Visit refused',
    false_alarm: 'False alarm', device_fault: 'Device fault', repair: 'Repair ordered', recovered: 'Recovered', test: 'Test', duplicate: 'Duplicate',
  },
  how: { phone: 'By phone', family: 'By family', door: 'At the door', device: 'By device' },
  callResult: { answered: 'Answered', no_answer: 'No answer', busy: 'Busy', wrong_number: 'Wrong number' },
  visitState: { planned: 'Planned', started: 'Under way', reported: 'Reported', canceled: 'Canceled' },
  tier: { red: 'Red (high risk)', yellow: 'Yellow (medium risk)', green: 'Green (low risk)' },
  residentState: { active: 'At home', hospital: 'In hospital', institution: 'In an institution', moved: 'Moved away', deceased: 'Deceased', left: 'Left the service' },
  role: { administrator: 'Administrator', duty: 'County duty', town_duty: 'Town duty', assistant: 'Village assistant', provider: 'Care provider', supervisor: 'Supervisor', vendor: 'Device vendor', auditor: 'Auditor' },
  subject: { resident: 'Resident', device: 'Device', area: 'Area', system: 'System' },
  deviceKind: { water_meter: 'Water meter', wristband: 'Wristband' },
  metric: {
    volume_m3: 'Register', flow_m3h: 'Flow', water_temp_c: 'Water temperature', pressure_kpa: 'Pressure',
    heart_rate_bpm: 'Heart rate', spo2_pct: 'Blood oxygen', body_temp_c: 'Body temperature', skin_temp_c: 'Skin temperature',
    systolic_mmhg: 'Systolic pressure', diastolic_mmhg: 'Diastolic pressure', resp_rate_bpm: 'Breathing rate',
    steps: 'Steps', worn: 'Worn', lat_deg: 'Latitude', lon_deg: 'Longitude', accuracy_m: 'Accuracy', battery_pct: 'Battery', battery_v: 'Battery voltage', rssi_dbm: 'Signal',
  },
  unit: { perMinute: '/min', litre: 'L', steps: 'steps' },
  refusal: {
    unknown_device: 'Unknown device', device_disabled: 'Device disabled', malformed: 'Malformed', not_a_number: 'Not a number', time_ahead: 'Time ahead', too_old: 'Too old', too_large: 'Too large',
    unknown_event: 'Unknown event', wrong_topic: 'Wrong topic', store_refused: 'Refused by the time-series store', over_rate: 'Sent too often',
  },
  deviceEvent: { sos: 'SOS', fall: 'fall', worn: 'put on', removed: 'taken off', tamper: 'tampered with', leak: 'leak', reverse_flow: 'reverse flow', low_battery: 'low battery', stuck: 'does not measure', register_reset: 'register reset' },
  round: { title: 'Round of calls', left: '{n} of {all} left', back: 'seen again' },
  silence: { no_use: 'No water used', no_report: 'No meter report', not_measuring: 'Meter not measuring', away: 'Away' },
  silenceHint: { no_use: 'The meter reported; nobody used water', no_report: 'Nothing came from the meter; whether water is used is not known', not_measuring: 'The meter reports but does not measure', away: 'The resident is known to be away' },
  silenceRoute: { away: 'No water alerts meanwhile; end the absence when the resident is back.' },
  sensitivity: { fixed: 'fixed rule', quietest: 'fewest calls', quiet: 'few calls', balanced: 'balanced', early: 'early', earliest: 'earliest' },
  ruleName: { storm: 'Failing together', uploads: 'Uploads missed in a night', village_water: 'Water cut in a village', meter_fault: 'Meter fault', faults: 'Fault told by the device' },
  log: {
    alert_opened: 'Opened', alert_updated: 'Updated', alert_acked: 'Acknowledged', alert_escalated: 'Escalated', alert_recovered: 'Recovered', alert_closed: 'Closed',
    visit_created: 'Visit ordered', visit_updated: 'Visit', visit_planned: 'Visits planned',
    joined: 'joined: {kind}', rings: 'rang again', system: 'System',
  },
  board: {
    title: 'Duty board', list: 'Open alerts', count: '{n}', empty: 'No open alerts', emptyFiltered: 'No alert matches the filters', choose: 'Choose an alert from the list', chooseHint: 'Move with ↑ ↓, open with Enter',
    filters: 'Filters', area: 'Area', kind: 'Kind', severity: 'Severity', state: 'State', clear: 'Clear filters',
    late: 'Late data', lateHint: 'More than 24 h old when found: no sound', recovered: 'Recovered', recoveredHint: 'Back to normal, but somebody must close it',
    escalated: 'Escalated to {to}', due: 'escalates in {time}', dueNow: 'escalating',
    visitLate: 'visit overdue by {time}', newAlert: 'New alert: {severity}, {kind}, {name}', assignee: 'with {name}',
    unacked: '{n} unacknowledged', unackedShort: '{n} new', ago: '{time} ago', since: 'since {time}', noResident: 'No resident', counts: 'Open alerts by severity',
  },
  case: {
    evidence: 'Evidence', resident: 'Resident', contacts: 'Contacts', log: 'History', visit: 'Visit', actions: 'Actions', facts: 'Details', advice: 'What to do', rule: 'Rule {id} (version {version})',
    opened: 'Opened', outcome: 'Outcome', noContacts: 'No contacts on file', noPhone: 'No phone on file', openResident: 'Open record',
    gone: 'This alert does not exist, or lies outside your area.', emptyLog: 'Nothing yet', ageYears: '{n} years', position: 'Position {lat}, {lon} (within about {m} m)', positionNoAccuracy: 'Position {lat}, {lon}',
  },
  action: {
    seen: 'Seen', morning: 'The night is over', again: 'Still nobody: told again',
    ack: 'Acknowledge', assign: 'Hand over', call: 'Log a call', note: 'Note', dispatch: 'Send someone', escalate: 'Escalate', close: 'Close', reopen: 'Reopen', merge: 'Merge', lower: 'Lower severity', return: 'Nothing was done: back to the queue', checkin: 'Checked in at the door', checkout: 'Left', checklist: 'Nobody opens', photo: 'Photo', start: 'On the way', report: 'Visit report', cancel: 'Visit called off',
    working: 'Sending…', done: 'Done',
    more: 'More', assignTo: 'Give to', mergeInto: 'Merge into', mergeHint: 'This one is closed as a duplicate; its history is kept.', mergeNone: 'There is no other open alert to merge into.', cancelReason: 'Why the visit is canceled', noteText: 'Note', callWhom: 'Whom', callResult: 'Result', callNote: 'What was said', callSelf: 'The resident', dispatchHint: 'Orders a visit, by default from the provider that serves the village.', dispatchAssignee: 'Assign to', dispatchDefault: 'the village\'s provider',
    escalateReason: 'Why escalate', reopenReason: 'Why reopen', closeOutcome: 'Outcome', closeVerifiedBy: 'Verified by', closeHow: 'How', closeNote: 'Note', closeVisit: 'There is a visit report: it counts as the verification.',
    closeUnverified: 'Closed without contact, it comes back after 4 hours.',
  },
  error: {
    conflict: 'Cannot do “{action}” now: this alert is {state}.', conflictBy: '{name} was first.', unreachable: 'The server cannot be reached; nothing was changed. Please try again.', forbidden: 'Your account may not do this.', notFound: 'It does not exist, or lies outside your area.',
    input: 'Please correct: {detail}',
    field: { reason: 'Reason', name: 'Name', text: 'Text', note: 'Note', until: 'Until', from: 'From', to: 'To', due: 'Due', area: 'Area', resident: 'Resident', username: 'User name', password: 'Password', role: 'Role', provider: 'Provider', vendor: 'Vendor', rota: 'Rota', people: 'People', outcome: 'Outcome', severity: 'Severity', kind: 'Kind' },
    rule: { empty: 'must be given', between: 'must be between {a} and {b}', order: 'must end after it begins', future: 'must lie ahead', past: 'must not lie ahead', exists: 'is not known', policy: 'is still named by the escalation steps; change those first', night: 'is still named by the night setting; change that first', positive: 'must be more than 0', upTo: 'must be more than 0 and at most {b}', long: 'must have at most {n} characters', length: 'must have {a} to {b} characters', short: 'must have at least {n} characters', somebody: 'must name somebody', twice: 'is there twice' },
    server: 'Server error ({status}): {detail}', tooMany: 'Too many attempts; please wait a little.', tooManyFor: 'Too many attempts; please wait {time}.',
  },
  residents: {
    title: 'Residents', search: 'Find by name or number', name: 'Name', phone: 'Phone', address: 'Address', area: 'Area', tier: 'Risk', state: 'State', empty: 'Nobody found', more: 'Load more',
  },
  resident: {
    watch: 'How well seen', watchFine: 'The meter reports, and use has not paused for too long', watchNoMeter: 'No water meter', blind: 'Longest time unseen:', blindUnknown: 'not known yet, the devices have reported too few times', blindWhy: '{device} reports every {every}; what a rule waits for comes on top', blindWhyBoth: '{device} measures every {measure} and reports every {every}; what a rule waits for comes on top', dailyCall: 'High risk and more than 6 h: phone every day.', fix: 'Band at {lat}, {lon}', fixOld: '{ago} old', partial: 'readings missing', partialHint: 'hollow bars lack readings', waterDay: 'Water use per day', absenceAdd: 'Enter an absence', absenceEnd: 'Is back', absenceFrom: 'From (empty: now)', absenceTo: 'Until (empty: open)', absenceReason: 'Where to, and why', absenceHint: 'No water alerts meanwhile; a sign of life is expected when it ends.',
    devices: 'Devices', absences: 'Absences', noAbsences: 'None announced', noDevices: 'No devices', openAlerts: 'Open alerts', pastAlerts: 'Past alerts', noAlerts: 'No alerts', charts: 'Last days', days: '{n} d', from: 'from {time}', until: 'until {time}', openEnd: 'open', lastSeen: 'last heard {time}', neverSeen: 'never heard',
    noData: 'No data in this time', alertMarks: 'dashed lines are alerts', water: 'Water use per hour', chartTable: '{metric}: newest {value} ({time})', gapHint: 'no data where the line breaks or the ground is hatched', away: 'away now',
  },
  visits: {
    title: 'Visits', today: 'Today', overdue: 'Overdue', upcoming: 'Later', done: 'Reported', empty: 'Nothing to do', emptyHint: 'New visits appear here by themselves.', due: 'due {time}', dueIn: '{time} left', late: '{time} overdue', start: 'Start', started: 'started {time}', report: 'Report', planned: 'Planned visit', note: 'Note (optional)', choose: 'What did you find?', submit: 'Submit', chooseFirst: 'Choose what you found first',
    waiting: 'waiting', sent: 'sent', sending: 'sending', rejected: 'not accepted', waitingHint: 'You can report without signal; it is sent when the network is back.', queue: '{n} reports waiting', resend: 'Send now', discard: 'Delete', found: 'Found: {outcome}', by: 'by {name}', refresh: 'Refresh', offline: 'No network: these are the visits last loaded.', discardConfirm: 'This report will then never be sent. Delete it?',
  },
  devices: { title: 'Devices', id: 'Device', kind: 'Kind', resident: 'Resident', area: 'Area', state: 'State', disabled: 'disabled', empty: 'No devices', search: 'Find by device number' },
  areas: { title: 'Areas', path: 'Code', name: 'Name', hint: 'The numbers are open alerts in the area and what lies in it.', empty: 'No areas' },
  deadletters: { title: 'Refused messages', hint: 'Messages the service did not take, and why. SOS and falls are never refused.', received: 'Received', device: 'Device', reason: 'Reason', detail: 'Detail', payload: 'Payload', empty: 'Nothing was refused', showPayload: 'Show payload' },
  demo: { title: 'Demo incidents', hint: 'Only in the demo: lets one of the made-up residents have this happen, by the real way over MQTT.', run: 'Run', done: 'Started', doneFor: 'Started: {name}' },
  incident: { collapse: 'Collapse at home (water and movement stop)', sos: 'SOS', fall: 'Fall', fever: 'Fever', low_spo2: 'Low oxygen saturation', off_wrist: 'Band taken off and forgotten', going_away: 'Goes away without a word', leak: 'Running toilet (leak)', burst: 'Burst pipe', gateway_outage: 'Gateway of a village fails', late_batch: 'Daily meter batch arrives late', recover: 'Recover' },
  time: { seconds: '{n} s', minutes: '{n} min', hoursMinutes: '{h} h {m} min', hours: '{n} h', days: '{n} d', daysHours: '{d} d {h} h', today: 'today', yesterday: 'yesterday', tomorrow: 'tomorrow', },
  access,
  evidence,
  operation,
  life, rounds, reports, duty,
  field,
  told,
  shift, quiet, lifeState,
  rules,
  advice: {
    no_use_yellow: 'First step: call the resident, or have the village assistant look in; if they answer, note it and close.', no_use_red: 'Long overdue for this person: call now; no answer: send someone to the door at once, 120 if needed.', no_report_yellow: 'Phone the resident today to hear that all is well; have the technician see to meter and signal.', no_report_orange: 'Send someone to see the resident, and to check the meter.', not_measuring: 'Have the meter changed; until then rely on phone and band.', not_returned: 'Call the resident or the family: back home? If so end the absence; not reached: send someone.',
    sos: 'Call back at once; no answer: send someone now, 120 if needed.', fall: 'Call back at once; no answer: send someone now, 120 if needed.', no_sign_of_life: 'Call now; no answer: send someone to the door, family or police to open it if needed.', water_inactivity: 'Call the resident, then the contacts; nobody reached: send someone.', vital: 'Call and ask how they feel; have them sit and measure again. Unwell or still beyond bounds: family or 120.', place: 'Call and ask where they are; not reached: family and village assistant.', water: 'Call and have taps and toilet checked; no answer: have someone look.', device: 'See to the device by day or at the next visit; no need to disturb at night.', outage: 'Check gateway and network; until it is back, call high-risk residents of the area.', system: 'Tell the system administrator.', soft: 'Call in working hours and ask how things are.',
  },
}
