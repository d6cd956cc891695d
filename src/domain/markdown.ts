import { toLine } from "./text.ts";

/**
 * One line of text, such that CommonMark shows it as it is: every character that could mean something is escaped. What
 * programs make links of without any mark (`www.example.com`, `ada@example.com`, `@ada`, `#1`) is parted by a word
 * joiner, which is not seen: they look for it after the escapes are gone.
 * Source: https://spec.commonmark.org/0.31.2/#backslash-escapes, https://github.github.com/gfm/#autolinks-extension-
 */
export const escapeMarkdown = (value: string): string =>
  toLine(value)
    .replaceAll(/(?<=[^\s\u2060])[.:/@](?=\S)|(?<=www)\./giu, "\u2060$&")
    .replaceAll(/[@#](?=[^\s\u2060])/gu, "$&\u2060")
    .replaceAll(/[!-/:-@[-`{-~]/g, "\\$&");
