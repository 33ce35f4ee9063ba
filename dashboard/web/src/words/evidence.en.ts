// What alerts say of themselves, in English; the keys are those of evidence.zh.ts.
import type { evidence as zh } from './evidence.zh'

export const evidence: typeof zh = {
  sos: 'SOS button pressed {time}', sosTimes: 'pressed {n} times', fall: 'Fall reported by the band {time}', fallTimes: 'reported {n} times',
  fallStill: 'No movement for {time} after the fall ({steps} steps): may be unable to get up', fallMoved: 'Walked again {time} ({steps} steps); still reach the person',
  quality_receipt_time: 'The device gave no time; the time of receipt counts', quality_clock_refused: 'The device’s clock cannot be believed; the time of receipt counts', battery: 'battery then {pct}%',

  position: 'Position {lat}, {lon} (within about {m} m)', positionNoAccuracy: 'Position {lat}, {lon}', fixAt: 'Position taken {time}', fixOld: 'Careful: the position is {ago} old ({time}); the person may be elsewhere by now',
  geofence: '{outside} m outside “{zone}”, {distance} m from home (allowed {radius} m from home)', geofencePlain: '{distance} m from home (allowed {radius} m)', outsideSince: 'Outside since {time}, confirmed by {fixes} positions on end',
  wandering: 'On the move outside at night: {distance} m from home, {moved} m in {minutes} min', wanderingNight: 'Night is {from}:00 to {to}:00, home reaches {radius} m', zoneHome: 'home',

  water: '{used} L used from {from} to {to}, less than {limit} L in {window} h', waterUsedZero: 'The meter did not move from {from} to {to} (rule: less than {limit} L in {window} h)', waterLastUse: 'Last use {time} ({ago} ago)',
  waterNone: 'The meter reported from {from} to {to} and did not move', waterLittle: 'The meter moved only {used} L from {from} to {to}: not like somebody using water',
  waterExpected: 'By the habits of this home, use was expected by {time} at the latest', waterUsual: 'After a last use at this hour water is usually used again within {usual} h; this stage waits {window} h', waterHome: 'Home: {type}; somebody must ask after {longest} h without use at the latest', waterHomeOnly: 'Home: {type}',
  waterLearnt: 'Habits learnt from {days} days of use; sensitivity: {sensitivity}', waterFixed: 'Judged by the fixed rule ({days} days of habits learnt)', waterBase: 'A constant flow of {flow} L/h (a drip?) is taken off and is not a person',
  home_unknown: 'not known yet, held as flush toilet', home_flush: 'flush toilet', home_low_use: 'little use (dry toilet)', home_vat: 'fills a water vat',

  noLife: 'Neither water use nor movement or pulse since {from}', noLifeWater: 'Last water use {time} ({ago} ago)', noLifeSteps: 'Last steps {time} ({ago} ago)', noLifePulse: 'Last pulse {time} ({ago} ago)', noLifeWorn: 'Band worn since {time} and reporting', noLifeNoPulse: 'The band reports but finds no pulse', noLifeNoSteps: 'The band is worn but there is no movement', noLifeContact: 'Person last reached {time}',
  notReturned: 'Was to be away until {time}; no sign of life since', notReturnedOpen: 'The absence is over; no sign of life since', notReturnedFor: 'Overdue by {ago}', notReturnedReason: 'Reason given for the absence: {reason}', notReturnedFrom: 'Left {time}',

  vitalHigh: '{metric} {value} {unit}, above {bound} {unit}', vitalLow: '{metric} {value} {unit}, below {bound} {unit}', vitalOther: '{metric} {value} {unit}', vitalBoth: 'To and fro: values below {low} and above {high}',
  vitalValues: 'Last values: {values}', vitalConfirmed: 'Confirmed by {n} of {window} valid samples', vitalAt: 'Measured {time}', vitalSince: 'Beyond the bounds since {time}',
  vitalPersonal: 'The lower bound is {low} as suits this person (in general {general})', vitalScale2: 'SpO2 on scale 2 (known COPD, target 88–92%)', vitalScore: '{n} of 7 parameters measured, {score} points of these (a partial score only, no diagnosis)',

  trendNight: 'Resting heart rate at night {mean} /min on average, usually {baseline} (told from {threshold})', trendNightKnown: 'Compared over {nights} nights, {samples} samples that night',
  trendRest: 'Heart rate at rest {value} /min, usually {median} at this hour', trendRestKnown: 'Unusual for {hours} resting hours on end since {time}, compared over {days} days',
  trendSkin: 'Skin temperature {value} ℃, usually {median} ℃, {run} days on end', trendPressure: 'Blood pressure (cuffless, a trend only) {value} mmHg, usually {median} mmHg, {run} days on end', trendKnown: 'Compared over {days} days, deviation {z} (told from {limit})', trendUnvalidated: 'This band’s values of the kind are not validated: a trend only',
  sign_resting_heart_rate: 'heart rate at rest', sign_night_heart_rate: 'heart rate at night', sign_skin_temp: 'skin temperature', sign_blood_pressure: 'blood pressure trend', sign_body_temp: 'body temperature trend', trendSigns: 'Unusual: {signs}',

  leakEvent: 'Meter reported a leak {time}', leak: 'Water ran without a stop from {from} to {to}, {window} h, {used} L in all', leakLeast: 'Never less than {least} L/h (a leak from {limit} L/h)', seepLeast: 'Never less than {least} L/h: little, but for two days', leakProven: '{proven} h of it proven by readings, {gaps} h without readings', leakStep: 'This meter counts in steps of {step} L',
  burst: '{used} L used from {from} to {to}, over the bound of {limit} L in {window} h', burstMost: 'The most this home ever used in two hours is {most} L', burstUnknown: 'What this home usually uses is not known yet', nightTap: 'Water ran in the night from {from} to {to}, {used} L (more than {limit} L each hour)', nightMost: 'The most this home ever used in an hour of the night is {most} L',
  high: '{used} L used from {from} to {to}, over the bound of {limit} L a day', highDay: 'An ample day of this home is about {ample} L',
  routine_day_l: 'Daily use changed from {usual} L to {now} L', routine_night_l: 'Use at night rose from {usual} L to {now} L', routineLater: 'First use of the day is {time} later on average', routineEarlier: 'First use of the day is {time} earlier on average', routineDays: 'The last {n} days (from {from}) against the weeks before',

  silent: 'Not heard for {quiet} (limit {limit})', silentEvery: 'It usually reports every {every}', silentLast: 'Last heard {time}', silentNever: 'Never heard since it was entered', silentMeter: 'No report from the meter: whether water is used is not known', silentBlue: 'First for the technician to look at', silentYellow: 'Phone today to hear that all is well', silentOrange: 'Two reports missed: have person and meter seen to at home',
  lowBattery: 'Battery {pct}%, below {limit}%', lowBatteryAbove: 'Battery {pct}%', lowBatteryEvent: 'Device reported low battery {time}', emptyAt: 'At this rate it will be empty about {time}', batteryAt: 'Reported {time}', deviceEvent: 'Device reported {time}: {event}',
  stuck: 'The meter reports but does not measure: at {value} m³ from {from} to {to}', stuckFlow: 'Meanwhile it told of {flow} L that flowed', stuckContact: 'Somebody met the person meanwhile ({time}), at home and using water', stuckWalked: 'Meanwhile the band shows walking on {n} days', stuckMeans: 'This meter cannot tell whether water is used',
  reset: 'The register went from {before} m³ to {value} m³ {time}: meter changed or reset', resetPlain: 'The register began anew {time}: {value} m³', reverse: 'The meter ran back {back} L {time}',
  notWorn: 'Band not worn since {time}, for {ago} (a task after {limit} h)', notWornNights: 'Off on {n} of the last {of} nights', why_flag: 'The band itself says it was taken off', why_charging: 'The band is charging', why_no_pulse: 'Oxygen but no pulse: not on the wrist', why_pulse_missing: 'No heart rate, and the steps stand still',

  outage: '{n} devices without data together', outageResidents: '{n} residents concerned; they are not seen until it is back', outageSince: 'No data since {time}', outageWhere: 'In common: {what}', outageAreaUse: '{n} homes use no water together: supply cut or frost, not likely the people', outageOf: '(of {n} homes there)', outageRisk: 'Not seen until it is back; phone each: {names}', outageMore: 'and others, {n} in all',
  outageKinds: 'Among them: {kinds}', uploads: '{n} meters that upload once a night have missed this one', uploadsMeans: 'Phone each of them; who misses the next one too has an alert of their own', outageRule: 'Rule: at least {least} within {minutes} min', outageBack: '{n} are back', outageBackAt: 'Devices are back since {time}', outageCalled: 'Round of calls: {n} of {all} reached', group_town: 'one town',
  group_village: 'one village', group_area: 'one area', group_gateway: 'one gateway', group_vendor: 'one vendor', group_batch: 'one batch of devices', group_carrier: 'one carrier',
  also: 'Joined with it: {kinds}', ofOutage: 'Was part of a data outage, now an alert of its own', outageDry: 'For {hours} h by now; homes there usually use water {uses} times in it', notReturnedLimit: 'Rule: no sign of life {hours} h after the end', 
  canary: 'The service’s own heartbeat is broken', generic: 'Rule “{rule}” holds', again: 'Raised again, {n} times by now: it was closed without reaching the person', merged: '{n} times in all',
  key: {
    device: 'Device', at: 'Time', quality: 'Time quality', lat_deg: 'Latitude', lon_deg: 'Longitude', accuracy_m: 'Position within (m)', battery_pct: 'Battery (%)', used_l: 'Used (L)', limit_l: 'Limit (L)', window_h: 'Window (h)', from: 'From', to: 'To', last_use: 'Last use', last_heard: 'Last heard', quiet_min: 'Quiet (min)', limit_min: 'Limit (min)', metric: 'Metric', value: 'Value', values: 'Values', low: 'Low bound', high: 'High bound', confirmed: 'Confirmed by', event: 'Device event', limit_pct: 'Limit (%)', devices: 'Devices', count: 'Count', area: 'Area', vendor: 'Vendor', raised_again: 'Raised again (times)', previous: 'Alert before', step_l: 'Counts in steps of (L)', measure: 'Judged by', since: 'Since', reason: 'Reason', residents: 'Residents', gateway: 'Gateway', carrier: 'Carrier', batch: 'Batch', used_m3: 'Used (m³)', followed_at: 'Followed', z: 'Deviation',
  },
}
