// Hand-over of shifts, silences and residents' states in English; shift.zh.ts has
// the same keys.
export const shift = {
  title: 'Hand-over', now: 'Sheet of this shift', past: 'Past sheets', silences: 'Silences', back: 'Back', refresh: 'Make anew', at: 'As of {time}',
  intro: 'Before you go: check each item, write what is to be known, and sign. Who comes reads it and signs too. The sheet is kept as it was signed and cannot be changed.',
  section: { case: 'Open cases', callback: 'Promised calls', silence: 'Silences', silent: 'Residents without data' },
  none: { case: 'No open case.', callback: 'No call is promised.', silence: 'Nothing is silenced.', silent: 'Data come of everybody.' },
  warnings: 'The service', noWarnings: 'The service runs well.', remark: 'Remark', remarkFor: 'Remark on {name}', note: 'In general', notePlaceholder: 'Weather, water or power cuts, staff, anything else',
  sound: 'Sound test', soundTest: 'Test', soundHeard: 'I heard it', soundNot: 'Not heard, or not tested',
  sign: 'Sign and hand over', signing: 'Signing…', signed: 'Signed. It waits for who comes; after {n} minutes the supervisor hears of it.', signAs: 'Signed by {name}',
  take: 'Sign and take over', taking: 'Signing…', taken: 'Taken over.', takeNote: 'Note (optional)', takeOwn: 'Somebody else must sign for it.', takeAs: 'Taken by {name}',
  outgoing: 'Handed over by', incoming: 'Taken by', signedAt: 'Signed', takenAt: 'Taken', areas: 'Areas', state: 'State', open: 'Open', print: 'Print',
  sheetState: { waiting: 'waits', taken: 'taken', withdrawn: 'replaced' },
  waiting: '{name} handed over at {time}; nobody has taken it yet.', overdue: '{name} handed over at {time}; nobody has taken it for {wait}. The supervisor was told.', go: 'Take over',
  intact: 'As it was signed', broken: 'Not as it was signed: tell the administrator', digest: 'Digest', erased: 'The resident was erased; only the digest of this line is left.', everywhere: 'All areas', pastEmpty: 'No sheet yet.',
  count: '{n}', due: 'due {time}', until: 'until {time}', since: 'since {time}', by: 'by {name}', whom: 'to {name}', self: 'the resident',
}

export const silence = {
  title: 'Silences', intro: 'Alerts of a silenced kind are still listed, marked as silenced; they neither ring nor climb. When the silence ends and it lasts, it rings. An SOS, a fall, no sign of life and whatever is red are never silenced.',
  add: 'New silence', resident: 'Resident', residentId: 'Name or id of the resident', device: 'Device', kind: 'Kind of alert', kindAsk: 'Choose a kind', until: 'Until', reason: 'Why (required)', submit: 'Silence', working: 'Saving…',
  forHours: '{n} h', forDays: '{n} d', end: 'End now', endReason: 'Why it ends early', ended: 'ended by {name}', over: 'over', running: 'Running', past: 'Over',
  by: 'by {name}', held: 'holds back {n}', soon: 'ends soon', none: 'Nothing is silenced.', never: 'Never: SOS, fall, no sign of life, data outage.', left: '{time} left', mark: 'silenced until {time}', markHint: 'This kind is silenced: it does not ring, and rings when the silence ends if it lasts', here: 'Silence this kind', all: 'All silences',
  flaps: '{n} times in {min} min', flapsHint: 'Comes and goes: it does not ring every time',
  log: { held: 'silenced, does not ring', over: 'silence over', damped: 'comes and goes, does not ring', stays: 'comes and goes, stays open', frozen: 'frozen: the resident is listed as {state}', thawed: 'no longer frozen: the resident is listed as {state}' },
}

export const state = {
  title: 'State', change: 'Change', to: 'To', reason: 'Why (required, kept)', submit: 'Change the state', working: 'Saving…', history: 'Changes', none: 'Never changed.', imported: 'with an import', line: '{from} → {to}',
  effect: {
    active: 'Watched over again: alerts and visits begin anew, clocks start now.', hospital: 'In hospital: as an absence, no alert for unused water. Change it back when the resident is home.', institution: 'In an institution: as an absence. Change it back when the resident is home.',
    moved: 'Moved: monitoring and visits stop at once, open alerts are frozen, devices are to be collected.', deceased: 'Deceased: monitoring, visits and all messages stop at once, open alerts are frozen, devices are to be collected. A mistake can be taken back.', left: 'Left the service: monitoring and visits stop at once, open alerts are frozen, devices are to be collected.',
  },
  sos: 'An SOS or a fall of a device that is still worn goes out all the same, and says so.', confirm: 'I have verified it', frozen: 'Frozen: listed as {state}', frozenHint: 'It can be noted, printed and closed', listed: 'Listed as {state}; the call must be verified all the same',
  collect: 'Devices to collect', collectNone: 'None.', collected: 'Collected', collectSince: '{state} since {time}', collectConfirm: 'Was {device} taken back?',
}
