/**
 * True for text as people type it: well-formed Unicode without control characters; `lines` allows line feeds and
 * tabs. What this refuses, a database or a terminal would choke on.
 */
export const isPlainText = (value: string, { lines = false }: { lines?: boolean } = {}): boolean =>
  value.isWellFormed() && !(lines ? /[^\P{Cc}\n\t]/u : /\p{Cc}/u).test(value);

/** Marks and separators that turn the direction of what follows, or break its line, without being seen. */
const unseen = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** Text of whatever origin as one line: control characters and breaks become spaces, and nothing turns its direction. */
export const toLine = (value: string): string =>
  value
    .toWellFormed()
    .replaceAll(unseen, "")
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim();

/** Text of at most `max` characters (UTF-16), with an ellipsis where it was cut; no character is cut in two. */
export const shorten = (value: string, max: number): string =>
  value.length <= max
    ? value
    : `${value
        .slice(0, max - 1)
        .replace(/[\ud800-\udbff]$/, "")
        .trimEnd()}…`;
