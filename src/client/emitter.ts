/** Calls handlers by the name of an event. */
export type Emitter<Events> = {
  /** @returns a function that takes the handler off again */
  on<K extends keyof Events>(name: K, handler: (payload: Events[K]) => void): () => void;
  emit<K extends keyof Events>(name: K, payload: Events[K]): void;
};

/**
 * A handler that throws keeps neither the others nor the room from going on: its error is thrown again on its own,
 * where the runtime reports what nobody caught.
 */
export const createEmitter = <Events>(): Emitter<Events> => {
  const handlers = new Map<keyof Events, Set<(payload: never) => void>>();
  return {
    on: (name, handler) => {
      const own = (payload: never): void => handler(payload);
      const set = handlers.get(name) ?? new Set();
      handlers.set(name, set.add(own));
      return () => void set.delete(own);
    },
    emit: (name, payload) => {
      for (const handler of handlers.get(name) ?? []) {
        try {
          handler(payload as never);
        } catch (error) {
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
  };
};
