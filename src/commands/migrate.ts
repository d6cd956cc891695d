import { parseArgs } from "node:util";
import { migrateDown, migrateUp, migrationStatus } from "../db/migrate.ts";
import { openSharedDatabase } from "../db/open.ts";
import { type Command, UsageError } from "./command.ts";

/** Brings the schema up to date, takes migrations back, or says where it stands. */
export const migrate: Command = {
  summary: "bring the schema up to date, or take it back",
  usage: `Usage: npm run migrate -- up
       npm run migrate -- down [--steps 1]
       npm run migrate -- status [--json]

Works on DATABASE_URL, or on the embedded database. "down" takes back the newest migration, or as many as
--steps says, and with them the data in their tables.`,
  run: async ({ args, config, print }) => {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { steps: { type: "string", default: "1" }, json: { type: "boolean", default: false } },
    });
    const [direction, ...rest] = positionals;
    const steps = Number(values.steps);
    if (rest.length > 0 || !["up", "down", "status"].includes(direction ?? "")) {
      throw new UsageError("Say up, down or status.");
    }
    if (!Number.isInteger(steps) || steps < 1)
      throw new UsageError("--steps takes a whole number, 1 or more.");
    const database = await openSharedDatabase(config);
    try {
      if (direction === "status") {
        const status = await migrationStatus(database.sql);
        if (values.json) print(JSON.stringify(status));
        else
          for (const step of status)
            print(`${step.version}  ${step.name}  ${step.appliedAt?.toISOString() ?? "not applied"}`);
        return 0;
      }
      const names =
        direction === "up" ? await migrateUp(database.sql) : await migrateDown(database.sql, steps);
      if (values.json) print(JSON.stringify(names));
      else if (names.length === 0)
        print(direction === "up" ? "The schema is up to date." : "Nothing to take back.");
      else for (const name of names) print(`${direction === "up" ? "applied" : "taken back"}  ${name}`);
      return 0;
    } finally {
      await database.close();
    }
  },
};
