import { computed, ref, shallowRef } from 'vue'
import type { Api } from '@/api/endpoints'
import { Problem } from '@/api/client'
import type { Area, Caller } from '@/api/types'
import type { AreaNames, Named, Names, Session } from '@/services'

export function createSession(api: Api, hooks: { onIn: (c: Caller) => void; onOut: () => void }): Session {
  const caller = shallowRef<Caller | null>(null)
  const expired = ref(false)
  let restoring: Promise<void> | null = null

  function enter(c: Caller) {
    caller.value = c
    expired.value = false
    hooks.onIn(c)
  }
  function leave() {
    if (caller.value === null) return
    caller.value = null
    hooks.onOut()
  }
  return {
    caller,
    expired,
    restore() {
      restoring ??= api.session().then(enter, (e: unknown) => {
        // Only "not signed in" is an answer; without a server we try again on
        // the next navigation.
        if (!(e instanceof Problem) || e.status === 0) restoring = null
      })
      return restoring
    },
    async signIn(username, password, code) {
      await api.signIn(username, password, code)
      enter(await api.session())
    },
    async renew() {
      enter(await api.session())
    },
    async signOut() {
      await api.signOut().catch(() => undefined)
      leave()
    },
    ended() {
      if (caller.value !== null) expired.value = true
      leave()
    },
  }
}

export function createAreaNames(api: Api): AreaNames {
  const list = shallowRef<readonly Area[]>([])
  const names = shallowRef<ReadonlyMap<string, string>>(new Map())

  // Who sees one village is not told the names above it: then the line begins
  // with the first name known, instead of with codes.
  function parts(path: string, from: number): string[] {
    if (path === '') return []
    const codes = path.split('/')
    const known = codes.map((_, i) => names.value.get(codes.slice(0, i + 1).join('/')))
    const first = known.findIndex((n) => n !== undefined)
    return codes.map((code, i) => known[i] ?? code).slice(Math.max(first, Math.min(from, codes.length - 1)))
  }
  return {
    list,
    async load() {
      const areas = await api.areas()
      list.value = areas
      names.value = new Map(areas.map((a) => [a.path, a.name]))
    },
    short: (path) => parts(path, 1).join(' · '),
    full: (path) => parts(path, 0).join(' · '),
  }
}

export function createPeopleNames(api: Api): Names {
  return createNames(async () => (await api.rotas('')).people.map((p) => ({ id: p.user as string, name: p.name || p.user, role: p.role })))
}

export function createProviderNames(api: Api): Names {
  return createNames(async () => (await api.providers()).map((p) => ({ id: p.id, name: p.name || p.id })))
}

function createNames(read: () => Promise<Named[]>): Names {
  const list = shallowRef<Named[]>([])
  const names = computed(() => new Map(list.value.map((x) => [x.id, x.name])))
  return {
    list,
    async load() {
      list.value = await read()
    },
    name: (id) => names.value.get(id) ?? id,
  }
}
