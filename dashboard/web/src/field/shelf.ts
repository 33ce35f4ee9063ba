// The phone's own database. Where there is none (some in-app browsers, private
// windows) everything is kept in the page, which is said on the screen.
import type { Waiting } from './types'

export interface Shelf {
  /** Whether what is put here is there again after the page was closed. */
  readonly lasting: boolean
  /** Rejects when it could not be kept, e.g. when the phone is full. */
  add(w: Waiting): Promise<void>
  put(w: Waiting): Promise<void>
  remove(uuid: string): Promise<void>
  /** In the order of entry. */
  waiting(): Promise<Waiting[]>
  get<T>(key: string): Promise<T | undefined>
  set(key: string, value: unknown): Promise<void>
  forget(prefix: string): Promise<void>
}

const entries = 'entries'
const things = 'things'

export async function openShelf(factory: IDBFactory | undefined = globalThis.indexedDB, name = 'shouwang-field'): Promise<Shelf> {
  try {
    if (!factory) throw new Error('no IndexedDB')
    return shelfIn(await openDatabase(factory, name))
  } catch {
    return shelfInMemory()
  }
}

function openDatabase(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  return new Promise((done, fail) => {
    const open = factory.open(name, 1)
    open.onupgradeneeded = () => {
      open.result.createObjectStore(entries, { keyPath: 'uuid' })
      open.result.createObjectStore(things)
    }
    open.onsuccess = () => {
      // Another tab has a newer page, which may need another form of the database.
      open.result.onversionchange = () => open.result.close()
      done(open.result)
    }
    open.onerror = () => fail(open.error ?? new Error('not opened'))
    open.onblocked = () => fail(new Error('blocked'))
  })
}

function shelfIn(db: IDBDatabase): Shelf {
  /** Resolves when the change is on the disk, not when it was asked for. */
  function change(store: string, fn: (s: IDBObjectStore) => void): Promise<void> {
    return new Promise((done, fail) => {
      const tx = db.transaction(store, 'readwrite', { durability: 'strict' })
      tx.oncomplete = () => done()
      tx.onabort = () => fail(tx.error ?? new Error('not kept'))
      tx.onerror = () => fail(tx.error ?? new Error('not kept'))
      fn(tx.objectStore(store))
    })
  }
  function read<T>(store: string, fn: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    return new Promise((done, fail) => {
      const request = fn(db.transaction(store, 'readonly').objectStore(store))
      request.onsuccess = () => done(request.result)
      request.onerror = () => fail(request.error ?? new Error('not read'))
    })
  }
  return {
    lasting: true,
    add: (w) => change(entries, (s) => s.add(w)),
    put: (w) => change(entries, (s) => s.put(w)),
    remove: (uuid) => change(entries, (s) => s.delete(uuid)),
    waiting: async () => (await read(entries, (s) => s.getAll() as IDBRequest<Waiting[]>)).sort((a, b) => a.n - b.n),
    get: <T>(key: string) => read(things, (s) => s.get(key) as IDBRequest<T | undefined>),
    set: (key, value) => change(things, (s) => s.put(value, key)),
    forget: (prefix) => change(things, (s) => s.delete(IDBKeyRange.bound(prefix, prefix + '\uffff'))),
  }
}

function shelfInMemory(): Shelf {
  const list = new Map<string, Waiting>()
  const kept = new Map<string, unknown>()
  return {
    lasting: false,
    add: async (w) => { list.set(w.uuid, w) },
    put: async (w) => { list.set(w.uuid, w) },
    remove: async (uuid) => { list.delete(uuid) },
    waiting: async () => [...list.values()].sort((a, b) => a.n - b.n),
    get: async <T>(key: string) => kept.get(key) as T | undefined,
    set: async (key, value) => { kept.set(key, value) },
    forget: async (prefix) => { for (const k of [...kept.keys()]) if (k.startsWith(prefix)) kept.delete(k) },
  }
}
