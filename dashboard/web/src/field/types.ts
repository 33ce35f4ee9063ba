// What the phone keeps: the cards of visits, and the entries that wait to be sent.
import type { components } from '@/api/schema'
import type { Visit } from '@/api/types'

type Schemas = components['schemas']

export type Card = Schemas['FieldCard']
export type Entry = Schemas['DoorEntry']
export type Sign = Schemas['Sign']
export type Home = Schemas['HomeBody']
export type HomePosition = Schemas['HomePosition']

export const doorSteps = [
  'call_again', 'knock', 'look_inside', 'neighbours', 'family', 'supervisor', 'emergency_110', 'emergency_120', 'opened', 'entered',
] as const
export type DoorStep = (typeof doorSteps)[number]
export const stepResults = ['done', 'nothing', 'not_possible'] as const
export type StepResult = (typeof stepResults)[number]
export const conditions = ['good', 'weak', 'ill', 'injured', 'confused', 'not_seen'] as const
export type Condition = (typeof conditions)[number]
export const conflicts = ['canceled', 'reported', 'reassigned', 'closed'] as const
export const marks = ['outside', 'inaccurate', 'no_home', 'wrong_code', 'word'] as const

export type WaitingKind = 'start' | 'checkin' | 'checklist' | 'photo' | 'report' | 'checkout'

/** Something that was entered and that the server may not have yet. */
export interface Waiting {
  uuid: string
  /** Who entered it; on a phone that others use too it stays theirs. */
  owner: string
  visit: string
  kind: WaitingKind
  /** When it happened, by the phone's clock. */
  at: string
  body: Record<string, unknown>
  /** Of a photo: the JPEG file. */
  photo?: ArrayBuffer
  /** Order of entry; given by the store. */
  n: number
  /** Why the server will not take it; it waits for a person then. */
  refused?: string
  /** The phone had no room for it: it is in this page only. */
  unsaved?: boolean
}

/** What a person has to be told of an entry that was taken. */
export interface Told { uuid: string; visit: string; name: string; kind: WaitingKind; at: string; conflict: string }

/** What the server answers to an entry, a report included. */
export interface Taken { visit: Visit; entry?: Entry; conflict: string }
