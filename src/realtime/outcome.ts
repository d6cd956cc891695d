/** What the caller of an event is told, and what is to be done right after, before anything else can happen. */
export type Outcome = { answer: Record<string, unknown>; afterwards?: () => void };
