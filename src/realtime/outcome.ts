/**
 * What the caller of an event is told, and what is to be done right after. An answer that has to be true at the moment at
 * which it is given is a function: it is called, sent, and followed by `afterwards`, before anything else can happen.
 */
export type Outcome = {
  answer: Record<string, unknown> | (() => Record<string, unknown>);
  afterwards?: () => void;
};
