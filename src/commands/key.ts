import { parseArgs } from "node:util";
import type { KeyScope } from "../domain/principal.ts";
import { createApiKey } from "../usecases/access/api-keys.ts";
import { type Command, UsageError } from "./command.ts";
import { openApp } from "./open-app.ts";

const scopes: readonly KeyScope[] = ["read", "bookings", "admin"];

/** Makes an API key. */
export const key: Command = {
  summary: "make an API key",
  usage: `Usage: npm run key -- --scope read|bookings|admin [--name "what it is for"] [--json]

Makes an API key and shows it, this once: only its digest is stored.
  read      reads everything but keys, webhooks and the audit log
  bookings  also writes clients, bookings and sessions
  admin     everything`,
  run: async ({ args, config, print }) => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        scope: { type: "string" },
        name: { type: "string", default: "command line" },
        json: { type: "boolean", default: false },
      },
    });
    const scope = scopes.find((known) => known === values.scope);
    if (!scope) throw new UsageError(`--scope takes one of ${scopes.join(", ")}.`);
    const { app, close } = await openApp(config);
    try {
      const made = await createApiKey(app, { name: values.name, scope });
      print(values.json ? JSON.stringify({ ...made, scope }) : made.key);
      return 0;
    } finally {
      await close();
    }
  },
};
