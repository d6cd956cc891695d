import { type KeyObject, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** What a TLS server needs, and what its callers need to trust it. */
export type Certificate = { key: string; cert: string; authority: string };

/** Makes an authority of its own and a certificate by it that is good for one name, from an hour ago for a day. */
export const makeCertificate = (name: string): Certificate => {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name: `Authority of ${name}`, key: authority.privateKey };
  return {
    key: own.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: issue({ subject: name, publicKey: own.publicKey, issuer, extensions: [validFor(name)] }),
    authority: issue({
      subject: issuer.name,
      publicKey: authority.publicKey,
      issuer,
      extensions: [isAuthority],
    }),
  };
};

/** RFC 5280, as much of it as a certificate cannot do without. */
const issue = (input: {
  subject: string;
  publicKey: KeyObject;
  issuer: { name: string; key: KeyObject };
  extensions: Buffer[];
}): string => {
  const algorithm = sequence(objectId("2a8648ce3d040302")); // ecdsa-with-SHA256
  const hour = 60 * 60_000;
  const content = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    nameOf(input.issuer.name),
    sequence(time(Date.now() - hour), time(Date.now() + 24 * hour)),
    nameOf(input.subject),
    input.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...input.extensions)),
  );
  const signature = Buffer.concat([Buffer.of(0), sign("sha256", content, input.issuer.key)]);
  const bytes = sequence(content, algorithm, der(0x03, signature));
  const lines = bytes.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
};

const der = (tag: number, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  const { length: size } = content;
  const long = size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff]; // no longer than need be: Deno insists
  const length = Buffer.from(size < 128 ? [size] : long);
  return Buffer.concat([Buffer.of(tag), length, content]);
};

const sequence = (...parts: Buffer[]): Buffer => der(0x30, ...parts);

const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));

const nameOf = (text: string): Buffer =>
  sequence(der(0x31, sequence(objectId("550403"), der(0x0c, Buffer.from(text)))));

const time = (at: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`));

const validFor = (name: string): Buffer =>
  sequence(objectId("551d11"), der(0x04, sequence(der(0x82, Buffer.from(name)))));

const isAuthority = sequence(
  objectId("551d13"),
  der(0x01, Buffer.of(0xff)), // critical
  der(0x04, sequence(der(0x01, Buffer.of(0xff)))),
);
