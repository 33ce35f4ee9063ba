import type { rounds as zh } from './rounds.zh'

// Contact ladder, planned visits, providers and truth rates in English.
export const rounds: typeof zh = {
  ladder: 'Whom to ask', reached: 'The resident was reached', none: 'All were tried, the resident was not reached', next: 'Next', hint: 'one tap records it', dispatch: 'Send somebody', going: 'Somebody is on the way', notYet: 'not yet', record: 'Recorded: {whom} {result}', tries: '{n} times',
  rung: { resident: 'Resident', contact: 'Contact', neighbour: 'Neighbour', assistant: 'Assistant', door: 'The door', emergency: 'Ambulance', police: 'Police' },
  rungState: { later: 'later', next: 'next', tried: 'in vain', answered: 'answered', going: 'sent' },
  quotas: 'Visits this month', area: 'Area', residents: 'Residents', home: 'At home (people)', calls: 'Calls back', settled: 'By contact', overdue: 'Overdue', planned: '{n} more planned', notAsked: 'not asked for', met: 'reached', short: '{n} short', onlyOverdue: 'Only overdue: {area}', all: 'All', noOverdue: 'Nothing is overdue', quotasHint: 'Home visits are counted by person; overdue counts visits for alerts too. Click a number of overdue visits to list only those.',
  visitKind: { home: 'At home', phone: 'By phone' }, plan: { routine: 'Routine visit', quota: 'Monthly visit of the town', callback: 'Call back', daily: 'Daily call' },
  providers: 'Providers', staff: 'People', noStaff: 'No accounts', villages: 'Serves', wholeCounty: '{n} villages', work: 'Work in {month}', person: 'Person', visits: 'Visits', visitHome: 'At home', visitCalls: 'By phone', notMet: 'Nobody met', hours: 'Service time', hoursHint: 'Only visits with a check-in and a check-out', noWork: 'No reports this month', others: 'Assistants and the desk', month: 'Month', total: 'Total', edit: 'Change', add: 'New provider', id: 'Id', name: 'Name', save: 'Save', saved: 'Saved', disabled: 'disabled', noProviders: 'No providers', pick: 'Hold Ctrl to pick several',
  truth: 'How often alerts were true', truthHint: 'Alerts closed in the last 90 days: the share that was real or useful. Those that recovered by themselves, tests and duplicates do not count.', real: 'Real', useful: 'Useful', false: 'False', judged: 'Found out', people: 'Residents', unjudged: 'Not counted', noTruth: 'No closed alerts yet', rate: 'Truth rate', kind: 'Kind',
  noNumber: 'No number on record',
  cause: 'Why it was a false alarm', causes: { away: 'Nobody at home', device: 'The device', habit: 'The resident lives like that', test: 'A test', other: 'Other' }, causeHint: 'The time of “nobody at home”, “the device” and “a test” is not learnt as a habit; “lives like that” is.',
}
