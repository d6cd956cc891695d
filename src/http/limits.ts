import { DomainError } from "../domain/errors.ts";

/** More than any operation takes. */
const maxBodyBytes = 64 * 1024;

/**
 * The body of a request as text. One that is too large is given up as soon as that shows, whether its length was
 * announced or not.
 * @throws DomainError `body_too_large`
 */
export const readLimited = async (request: Request): Promise<string> => {
  const announced = request.headers.get("content-length");
  if (Number(announced ?? 0) > maxBodyBytes) throw tooLarge();
  // The server reads no more than was announced, and this way it is not made a stream first.
  if (announced !== null) return request.text();
  if (!request.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > maxBodyBytes) throw tooLarge();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
};

const tooLarge = (): DomainError =>
  new DomainError("invalid", "body_too_large", `A body holds ${maxBodyBytes / 1024} KiB at most.`);
