// The month's report and the random tests of desks in English; the same keys as reports.zh.ts.
export const reports = {
  title: 'Monthly report', month: 'Month', area: 'Area', everywhere: 'Everywhere', asOf: 'As of {time}', print: 'Print', xlsx: 'Excel file', csv: 'CSV file', residents: 'Residents', alerts: 'Alerts', uncoveredHours: 'hours without anybody to tell',
  targets: 'Targets', target: { red_acked_60s: 'Red acknowledged within 60 s', red_acked_180s: 'Red acknowledged within 180 s', red_door_45min: 'Red at the door within 45 min', closed_24h: 'Closed within 24 h' },
  promised: '{n} % promised', met: 'met', missed: 'missed', none: 'none this month', missedN: '{n} missed', ofN: '{n} of {of}',
  kinds: 'Alerts and outcomes', kind: 'Kind', opened: 'Opened', open: 'Open', real: 'Real', useful: 'Useful', falseN: 'False', truth: 'Truth rate', truthHint: 'Of those that people found out about, the share where something was the matter. Recovered, duplicate and test do not count.', outcomes: 'Outcomes',
  times: 'Times', severity: 'Severity', taken: 'Taken', missing: 'Missing', p50: 'Median', p90: '90 % within', longest: 'Longest', timesHint: 'From when it rang; of one that rose to red, from then. Late uploads, tests and duplicates do not count.',
  step: { seen: 'Seen', acked: 'Acknowledged', called: 'First call', door: 'At the door', closed: 'Closed' },
  visits: 'Visits', due: 'Due', made: 'Made', settled: 'Settled by a contact', overdue: 'Overdue', providers: 'Providers', provider: 'Provider', hours: 'Hours', people: 'People', noProviders: 'No provider was at a door this month', quotas: 'Quotas', homeVisits: 'At home', callbacks: 'Calls back', needed: '{n} asked for', done: '{n} done', quotasMet: 'met',
  desk: 'Desk and devices', dark: 'Residents dark for more than 24 h', uncovered: 'Times without anybody to tell', presence: 'Presence checks', answered: 'Answered in time',
  item: { at: 'Time', kind: 'Kind', area: 'Area', person: 'Resident', took: 'Took', outcome: 'Outcome' },
  list: 'List', close: 'Close', empty: 'None', resident: 'Resident', at: 'Time', took: 'Took', case: 'Case', noAlerts: 'No alerts this month',
  check: 'Presence check', checkWhy: 'Please answer before {time}, to show that somebody is at the desk.', here: 'I am here', checkDone: 'Answered, thank you.', ask: 'Check now', asked: 'Asked; it can be answered for 3 minutes.',
}
