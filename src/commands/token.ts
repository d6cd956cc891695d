import { parseArgs } from "node:util";
import { findClientByRef, findCoachByRef } from "../usecases/references.ts";
import { type Command, UsageError } from "./command.ts";
import { openApp } from "./open-app.ts";

/** Makes a user's token, for trying things out. */
export const token: Command = {
  summary: "make a user's token",
  usage: `Usage: npm run token -- --coach <id> | --client <id> | --admin <name> [--minutes 60] [--json]

Makes a token (JWT) for a coach or a client, by id or "ext:<externalId>", or for an administrator. It is signed
with JWT_SECRET where that is set, and with the hub's own secret otherwise.`,
  run: async ({ args, config, print }) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        coach: { type: "string" },
        client: { type: "string" },
        admin: { type: "string" },
        minutes: { type: "string", default: "60" },
        json: { type: "boolean", default: false },
      },
    });
    const { coach, client, admin } = values;
    const minutes = Number(values.minutes);
    if ([coach, client, admin].filter((who) => who !== undefined).length !== 1) {
      throw new UsageError("Say for whom: --coach, --client or --admin.");
    }
    if (!Number.isInteger(minutes) || minutes < 1 || minutes > 525_600) {
      throw new UsageError("--minutes takes a whole number from 1 to 525600.");
    }
    const { app, close } = await openApp(config);
    try {
      if (!app.tokens.signUser) throw new UsageError("Tokens come from JWKS_URL here; this hub signs none.");
      const person = coach
        ? await findCoachByRef(app.sql, coach)
        : client
          ? await findClientByRef(app.sql, client)
          : null;
      if (!person && admin === undefined)
        throw new UsageError(`There is no ${coach ? "coach" : "client"} "${coach ?? client}".`);
      const role = coach ? "coach" : client ? "client" : "admin";
      const expiresAt = new Date(Date.now() + minutes * 60_000);
      const signed = await app.tokens.signUser(
        { role, name: person?.name ?? admin },
        person?.id ?? admin ?? "",
        expiresAt,
      );
      print(values.json ? JSON.stringify({ token: signed, role, expiresAt }) : signed);
      return 0;
    } finally {
      await close();
    }
  },
};
