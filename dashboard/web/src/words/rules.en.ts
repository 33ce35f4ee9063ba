// The rules page in English; the keys are those of rules.zh.ts.
import type { rules as zh } from './rules.zh'

export const rules: typeof zh = {
  title: 'Rules', version: 'Version {n}', since: 'since {time}', first: 'the service’s defaults', holds: 'holds now', intro: 'What counts as an alert, and how soon an unanswered one goes up. A change holds at once, without a restart; who made it, when and why is kept.',
  forWhom: 'For', everybody: 'the whole service', allTiers: 'all tiers', inherits: 'What is not set here is inherited.', own: 'set here', 
  edit: 'Change', stop: 'Drop changes', more: 'More settings', changed: '{n} changed', was: 'was {value}', none: 'none', off: 'off', on: 'on',
  readOnly: 'Your account can only read the rules.', tryOnly: 'Rules of the whole service are enabled by an account that sees all of it; you can try them, or set those of your areas.',
  try: 'Try on the last {n} days', trying: 'Trying with the stored readings, a minute at most…', tryFirst: 'Try before enabling: would it alert more or less here?', tryAgain: 'Not tried since the last change.', tryNone: 'This service cannot try rules.',
  result: 'What it would have done here in the last {days} days', resultOf: '{residents} residents, {readings} readings', partial: 'There was no time for all residents; these are of those looked at.', kind: 'Alert', now: 'Now', proposed: 'Proposed', change: 'Change', perMonth: 'per resident and month', away: 'of these likely not at home {n}', same: 'The number of alerts does not change', no: 'No alerts in this time by either', more_n: '{n} more', less_n: '{n} fewer', equal: 'same',
  reason: 'Why (required, kept on record)', enable: 'Enable', enabling: 'Enabling…', enabled: 'Version {n} is enabled',
  history: 'Versions', historyEmpty: 'Nobody has changed the rules yet; the service’s defaults hold.', whatChanged: 'What changed', noDifference: 'Same as the version before', restore: 'Start from this version', newer: 'Somebody has just changed the rules; open this page again.',
  part: { water_inactivity: 'No water used', water_use: 'Leaks, bursts and change of use', vitals: 'Vital signs', trend: 'Compared with the person’s usual self', position: 'Position', devices: 'Devices', together: 'Meter and band together', storm: 'Failing together', quiet: 'Silences, flaps, hand-over', answer: 'Answering and visits' },
  about: {
    water_inactivity: 'The fixed rule holds until a home’s habits are learnt (14 days); then its own habits do. Somebody asks after 24 h at most with a flush toilet, 36 h with a dry one, 48 h where a vat is filled.', water_use: 'Leaks, bursts and high use by the meter, and changes over weeks.', vitals: 'A value at a bound is abnormal; some valid samples must confirm it, beyond the extremes it is red. 0 is no bound.', trend: 'Clearly unlike the person’s own past: yellow.',
    position: 'How far from home is outside; on the move outside at night may be wandering.', devices: 'How long without a message is silent; for a meter first a phone call, then a visit.', together: 'A worn band without movement and pulse in a home without water use is red at once; an absence that ends without a sign of life is told.', quiet: 'What comes and goes rings a few times and is then counted on its alert; red, an SOS and a fall always ring. What a silence held back rings when it ends, if it lasts.', storm: 'Many devices silent in one place within a short time are one data outage.', answer: 'When an unanswered alert goes up, and when a visit is due.',
  },
  unit: { l: 'L', lh: 'L/h', h: 'h', min: 'min', d: 'd', s: 's', bpm: '/min', m: 'm', times: 'times', clock: 'o’clock', z: 'deviations' },
  bound: { low: 'low', high: 'high', extreme_low: 'very low (red)', extreme_high: 'very high (red)', margin: 'recovery margin' },
  spo2_scale_2: 'Oxygen saturation (scale 2)',
  field: {
    water_inactivity: { limit_l: 'Counts as unused below', window: 'Time of the fixed rule', sensitivity: 'Sensitivity once habits are learnt' },
    water_use: {
      leak_l_per_h: 'Flow that never stops, over', leak_window: 'A leak after', seep_window: 'A trickle is a leak after', burst_l: 'Used in two hours, over', burst_factor: 'and over this home’s most by', burst_unknown_l: 'In a home not known yet, over', night_l: 'Each of three hours at night, over', high_l: 'Used in a day, over', high_factor: 'or over an ample day by', high_floor_l: 'and at least', routine_z: 'How clear a change must be', routine_share: 'Least change of litres', routine_first: 'Least change of first use', routine_every: 'Told at most once in',
    },
    vitals: { spo2_scale: 'SpO2 scale (1 general, 2 COPD)', personal_low: 'Low heart rate may suit the person down to', confirm: 'Abnormal samples needed', window: 'Of the last valid samples', clear: 'Over after being normal for', not_worn: 'A task when not worn for' },
    trend: { learn_days: 'Learn first', z: 'Unusual beyond', mad_floor: 'Least deviation', hours: 'Resting hours on end', rest: 'Rest is no step for', night_yellow: 'Night heart rate above usual (yellow)', night_red: 'Night heart rate above usual (red)', night_alert: 'Told from (1 yellow, 2 red)', night_run: 'Nights on end', night_z: 'Least deviation of the night' },
    position: { fence_m: 'Farther from home than (0: anywhere)', home_m: 'Home reaches', fixes: 'Positions on end', wandering: 'Wandering at night', wander_m: 'Moved between positions, over', night_from: 'Night from', night_to: 'Night to' },
    silence: { band: 'Band silent for', meter: 'Meter silent for (phone)', meter_visit: 'Meter silent for (visit)' }, low_battery_pct: 'Battery below',
    together: { pulseless: 'Worn without pulse or steps for', no_water: 'and no water used for', not_returned: 'No sign of life after an absence for', steps: 'Steps that are a walk' },
    quiet: { silence_most: 'Longest silence', flap_rings: 'Rings before one that comes and goes is damped (0 never)', flap_within: 'Within', handover: 'Supervisor hears of a shift not taken after' },
    storm: { homes: 'Homes of a village to see a water cut (0: none)', dry: 'A cut when so many use none', devices: 'Devices (0: never one)', window: 'Within', back: 'Over when back' },
    field: { check_in_m: 'Check-in by position, from the home', accuracy_m: 'Accuracy at worst' },
    escalation: { red: 'Red unanswered goes up after', orange: 'Orange unanswered goes up after', yellow: 'Yellow unanswered goes up after', blue: 'Blue unanswered goes up after' }, ack_timeout: { red: 'Red: act after acknowledging within', orange: 'Orange: act within', yellow: 'Yellow: act within', blue: 'Blue: act within' }, visit_due: { red: 'Red visit due in', orange: 'Orange visit due in', yellow: 'Yellow visit due in', blue: 'Blue visit due in' }, raise_again: 'Raised again when nobody was reached', late: 'Late (no siren) when older than',
  },
}
