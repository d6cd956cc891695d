import { parseArgs } from "node:util";
import { loadDemoData } from "../usecases/demo/load.ts";
import type { Command } from "./command.ts";
import { openApp } from "./open-app.ts";

/** Adds the demo data to a database; what is there already stays. */
export const seed: Command = {
  summary: "add demo data",
  usage: `Usage: npm run seed -- [--json]

Adds a few coaches, clients and bookings to DATABASE_URL, or to the embedded database, also while a hub runs.
What is there already stays as it is.`,
  run: async ({ args, config, print }) => {
    const { values } = parseArgs({ args: [...args], options: { json: { type: "boolean", default: false } } });
    const { app, close } = await openApp(config);
    try {
      const added = await loadDemoData(app);
      const { coaches, clients, bookings } = added;
      print(
        values.json
          ? JSON.stringify(added)
          : `Added ${coaches} coaches, ${clients} clients, ${bookings} bookings.`,
      );
      return 0;
    } finally {
      await close();
    }
  },
};
