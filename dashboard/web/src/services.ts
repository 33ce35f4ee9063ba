// What the views work with, made once in main and handed down by injection.
import { inject, type InjectionKey } from 'vue'
import type { Ref } from 'vue'
import type { Api } from '@/api/endpoints'
import type { Area, Caller, Role } from '@/api/types'
import type { Presence } from '@/duty/presence'
import type { LiveStore } from '@/live/store'
import type { Alarm } from '@/sound/alarm'

export interface Services {
  api: Api
  live: LiveStore
  alarm: Alarm
  session: Session
  areas: AreaNames
  people: Names
  providers: Names
  presence: Presence
}

export interface Session {
  caller: Readonly<Ref<Caller | null>>
  /** Set when the server ended the session, so that the sign-in can say so. */
  expired: Ref<boolean>
  /** Resolves once it is known whether somebody is signed in. */
  restore(): Promise<void>
  signIn(username: string, password: string, code?: string): Promise<void>
  /** Reads again what the caller may do. */
  renew(): Promise<void>
  signOut(): Promise<void>
  /** The server no longer knows us. */
  ended(): void
}

export interface AreaNames {
  list: Readonly<Ref<readonly Area[]>>
  load(): Promise<void>
  /** The area's names down the tree, without the county everybody here is in. */
  short(path: string): string
  full(path: string): string
}

export interface Named {
  id: string
  name: string
  /** Of people. */
  role?: Role
}

/** People by user name, or providers by id, where the caller may know them. */
export interface Names {
  list: Readonly<Ref<readonly Named[]>>
  load(): Promise<void>
  /** The user name or id itself, when nothing better is known. */
  name(id: string): string
}

const key: InjectionKey<Services> = Symbol('services')

export const servicesKey = key

export function useServices(): Services {
  const s = inject(key)
  if (!s) throw new Error('services are not provided')
  return s
}
