import { once } from "node:events";
import { type Server, createServer } from "node:http";
import { type CryptoKey, SignJWT, exportJWK, generateKeyPair } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfig } from "../../../src/config.ts";
import { type Tokens, createTokens } from "../../../src/usecases/access/tokens.ts";

const hubSecret = "h".repeat(48);
const soon = new Date(Date.now() + 60_000);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const sign = (
  key: Uint8Array | CryptoKey,
  alg: string,
  claims: Record<string, unknown> = {},
): Promise<string> =>
  new SignJWT({ role: "coach", ...claims })
    .setProtectedHeader({ alg, kid: "1" })
    .setSubject("ext:ada")
    .setExpirationTime(soon)
    .sign(key);
const refused = { code: "unauthenticated" };

describe("with JWT_SECRET", () => {
  const [newer, older] = ["n".repeat(40), "o".repeat(40)];
  const tokens = createTokens(
    readConfig({ JWT_SECRET: `${newer},${older}`, JWT_ISSUER: "crm", JWT_AUDIENCE: "hub" }),
    hubSecret,
  );
  const claims = { iss: "crm", aud: "hub" };

  test("every secret verifies while they rotate, and the newest signs", async () => {
    for (const secret of [newer, older]) {
      expect(await tokens.verifyUser(await sign(encode(secret), "HS256", claims))).toMatchObject({
        sub: "ext:ada",
      });
    }
    const signed = await tokens.signUser?.({ role: "coach" }, "ext:ada", soon);
    const onlyNewer = createTokens(readConfig({ JWT_SECRET: newer }), hubSecret);
    expect(await onlyNewer.verifyUser(signed ?? "")).toMatchObject({ sub: "ext:ada", role: "coach" });
  });

  test("another secret, issuer, audience or algorithm, no end and no subject are refused", async () => {
    for (const token of [
      await sign(encode("x".repeat(40)), "HS256", claims),
      await sign(encode(hubSecret), "HS256", claims),
      await sign(encode(newer), "HS256", { ...claims, iss: "other" }),
      await sign(encode(newer), "HS256", { ...claims, aud: "other" }),
      await sign(encode(newer), "HS512", claims),
      await new SignJWT({ role: "coach", ...claims })
        .setProtectedHeader({ alg: "HS256" })
        .setSubject("a")
        .sign(encode(newer)),
      await new SignJWT({ role: "coach", ...claims })
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime(soon)
        .sign(encode(newer)),
    ]) {
      await expect(tokens.verifyUser(token)).rejects.toMatchObject(refused);
    }
  });
});

describe("with JWKS_URL", () => {
  let server: Server;
  let tokens: Tokens;
  let privateKey: CryptoKey;
  let publicKeyText: string;

  beforeAll(async () => {
    const pair = await generateKeyPair("ES256");
    privateKey = pair.privateKey;
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "1", alg: "ES256" };
    publicKeyText = JSON.stringify(jwk);
    server = createServer((_request, response) => {
      response.setHeader("content-type", "application/json").end(JSON.stringify({ keys: [jwk] }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    tokens = createTokens(readConfig({ JWKS_URL: `http://127.0.0.1:${port}/keys` }), hubSecret);
  });

  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  test("a token of a published key is good; the hub signs none itself", async () => {
    expect(await tokens.verifyUser(await sign(privateKey, "ES256"))).toMatchObject({ sub: "ext:ada" });
    expect(tokens.signUser).toBeNull();
  });

  test("algorithms are not mixed up: a public key is no secret, nor is the hub's own", async () => {
    const other = await generateKeyPair("ES256");
    for (const token of [
      await sign(encode(publicKeyText), "HS256"),
      await sign(encode(hubSecret), "HS256"),
      await sign(other.privateKey, "ES256"),
    ]) {
      await expect(tokens.verifyUser(token)).rejects.toMatchObject(refused);
    }
  });

  test("keys that cannot be had make tokens unverifiable for the moment, not wrong", async () => {
    const away = createTokens(readConfig({ JWKS_URL: "http://127.0.0.1:1/keys" }), hubSecret);
    await expect(away.verifyUser(await sign(privateKey, "ES256"))).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});

describe("a ticket", () => {
  const tokens = createTokens(readConfig({}), hubSecret);

  test("is good as a ticket and never as a user, though one secret signs both here", async () => {
    const ticket = await tokens.signTicket({ sid: "s", role: "coach" }, "p", soon);
    expect(tokens.looksLikeTicket(ticket)).toBe(true);
    expect(await tokens.verifyTicket(ticket)).toMatchObject({ sub: "p", sid: "s" });
    await expect(tokens.verifyUser(ticket)).rejects.toMatchObject(refused);
  });

  test("is none when it is a user's token, or another hub's", async () => {
    const user = await tokens.signUser?.({ role: "coach" }, "p", soon);
    await expect(tokens.verifyTicket(user ?? "")).rejects.toMatchObject(refused);
    const foreign = await createTokens(readConfig({}), "f".repeat(48)).signTicket({ sid: "s" }, "p", soon);
    await expect(tokens.verifyTicket(foreign)).rejects.toMatchObject(refused);
  });
});
