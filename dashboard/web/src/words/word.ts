// Looking words up, without the library that the board does it with: the field page is small.

/** Looks a word up; what views and pure functions get handed. */
export type Translate = (key: string, params?: Record<string, unknown>) => string

/** The word for a value of a closed set, or the bare value when it is a new one. */
export function word(t: Translate, group: string, value: string | null | undefined): string {
  if (!value) return ''
  const key = `${group}.${value}`
  const s = t(key)
  return s === key ? value : s
}

interface Tree { [key: string]: string | Tree }

/** Translate over plain messages, `{x}` in them replaced by the parameter x. A missing word shows its key. */
export function translator(messages: () => object): Translate {
  return (key, params = {}) => {
    let at: string | Tree | undefined = messages() as Tree
    for (const part of key.split('.')) at = typeof at === 'object' ? at[part] : undefined
    if (typeof at !== 'string') return key
    return at.replace(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? ''))
  }
}
