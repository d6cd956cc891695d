/** What somebody wants changed of a thing: a field that is undefined, or left out, stays as it is. */
export type ChangesOf<T> = { [K in keyof T]?: T[K] | undefined };

/** The thing as it is after the changes. */
export const changed = <T extends object>(before: T, changes: ChangesOf<T>): T => ({
  ...before,
  ...(Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<T>),
});
