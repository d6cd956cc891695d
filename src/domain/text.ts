/**
 * True for text as people type it: well-formed Unicode without control characters; `lines` allows line feeds and
 * tabs. What this refuses, a database or a terminal would choke on.
 */
export const isPlainText = (value: string, { lines = false }: { lines?: boolean } = {}): boolean =>
  value.isWellFormed() && !(lines ? /[^\P{Cc}\n\t]/u : /\p{Cc}/u).test(value);
