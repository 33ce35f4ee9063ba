// Words of an alert's life in English; life.zh.ts has the same keys.
import type { life as zh } from './life.zh'

export const life: typeof zh = {
  ackDue: 'act within {time}', ackNow: 'going back now', ackHint: 'Acknowledged: without a call, a note or a visit it goes back to the queue then, and rings again',
  again: 'nobody has it: told again in {time}', againNow: 'nobody has it: telling again',
  callAt: 'Call back {time}', callLate: 'Call-back overdue {time}', callbacks: '{n} promised calls are due', promised: 'call back {time}', hadIt: '{name} had it since {time}',
  direction: 'Incoming or outgoing', callOut: 'Outgoing', callIn: 'Incoming', callWho: 'Who called', callOther: 'Somebody else…', callOtherName: 'Who', callNumber: 'Number (its middle is not kept)', callMinutes: 'Minutes', callNext: 'Call again', callNoNext: 'Nothing promised', in: 'in {time}',
  lowerTo: 'Lower to', lowerReason: 'Why (it is recorded)', lowerHint: 'Only people lower a severity; the service raises it again when something new happens.',
  file: 'Case file', fileHint: 'The complete case file, to be printed', print: 'Print', fileTitle: 'Case file', fileNo: 'No.', printed: 'Printed {time} by {name}', back: 'Back', loading: 'Putting the file together…',
  person: 'Resident', what: 'Alert', times: 'Times', evidence: 'Evidence', calls: 'Phone calls', visits: 'Visits', log: 'Log', none: 'none',
  kind: 'Kind', severity: 'Severity', state: 'State', area: 'Area', subject: 'Subject', since: 'Since', opened: 'Opened', rang: 'Last rang', acked: 'Acknowledged', recovered: 'Recovered', closed: 'Closed', outcome: 'Outcome', assignee: 'Assignee', escalation: 'Escalation steps', rule: 'Rule', version: '{name} (version {n})', late: 'Late data',
  phone: 'Phone', address: 'Address', tier: 'Risk grade', contacts: 'Contacts', born: 'Year of birth',
  when: 'Time', way: 'Way', whom: 'Who', number: 'Number', length: 'Length', result: 'Result', by: 'By', next: 'Call back', kept: 'done', created: 'Sent', due: 'Due', started: 'Started', found: 'Found', received: 'Received', note: 'Note', provider: 'Provider', report: 'Report',
  action: 'What', detail: 'Details', eventNo: 'No.',
}
