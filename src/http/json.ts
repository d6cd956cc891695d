import { DomainError, type FieldError } from "../domain/errors.ts";

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

/**
 * Parses a JSON text. A key that stands twice in one object is refused: whoever wrote it meant something, and
 * `JSON.parse` would keep the last one without a word.
 * @throws DomainError `malformed_json`; `invalid_request` for duplicate keys
 */
export const parseJson = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DomainError("invalid", "malformed_json", "The body is not valid JSON.", { cause });
  }
  const errors = duplicateKeys(text);
  if (errors.length > 0) {
    throw new DomainError("invalid", "invalid_request", "A key stands twice in one object.", {
      facts: { errors },
    });
  }
  return value;
};

/** The text is known to be valid: then a string before a colon is a key, and braces and brackets nest. */
const duplicateKeys = (text: string): FieldError[] => {
  const found: FieldError[] = [];
  const objects: (Set<string> | null)[] = [];
  let last = "";
  for (const [part] of text.matchAll(token)) {
    if (part === "{") objects.push(new Set());
    else if (part === "[") objects.push(null);
    else if (part === "}" || part === "]") objects.pop();
    else if (part === ":") {
      const keys = objects.at(-1);
      const key = JSON.parse(last) as string;
      if (keys?.has(key)) found.push({ path: key, message: "stands twice" });
      keys?.add(key);
    }
    last = part;
  }
  return found;
};

/** The same text for the same value, however its keys were ordered. */
export const canonicalJson = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : part,
  );
