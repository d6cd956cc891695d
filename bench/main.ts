import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { benchBookings } from "./bookings.ts";
import { benchGrowth } from "./growth.ts";
import { benchHotCoachOnTwoNodes } from "./hot-coach-2.ts";
import { benchJoins } from "./joins.ts";
import { benchRace } from "./race.ts";
import { type Row, tableOf } from "./report.ts";
import { benchRooms } from "./rooms.ts";
import { type Ground, openGround } from "./servers.ts";
import { benchSlots } from "./slots.ts";
import { benchSummaries } from "./summaries.ts";
import { benchWebhooks } from "./webhooks.ts";

/** What runs for which names; those that are each other's baseline run together. */
const suites: {
  names: readonly string[];
  run: (ground: Ground, only: (name: string) => boolean) => Promise<Row[]>;
}[] = [
  { names: ["booking", "hot-coach"], run: benchBookings },
  { names: ["hot-coach-2"], run: benchHotCoachOnTwoNodes },
  { names: ["race"], run: benchRace },
  { names: ["slots"], run: benchSlots },
  { names: ["rooms"], run: benchRooms },
  { names: ["joins"], run: benchJoins },
  { names: ["summary"], run: benchSummaries },
  { names: ["webhooks"], run: benchWebhooks },
  { names: ["growth"], run: benchGrowth },
];

const names = suites.flatMap((suite) => suite.names);
const help = `npm run bench -- [name ...] [--check]

Measures Courtside against baselines in the same run, prints one table and writes bench/results.json.
Benches: ${names.join(", ")} (all of them unless named)

  --check   exit with 1 when one is below its target
  --help    this text

BENCH_DATABASE_URL names a Postgres server to use instead of one of the run's own.
BENCH_PROFILE=1 leaves processor profiles of the hubs and baselines in bench/profiles; figures are lower then.`;

const main = async (args: readonly string[]): Promise<number> => {
  if (args.includes("--help")) {
    console.log(help);
    return 0;
  }
  const unknown = args.filter((arg) => arg !== "--check" && !names.includes(arg));
  if (unknown.length > 0) {
    console.error(`There is no bench ${unknown.join(", ")}.\n\n${help}`);
    return 2;
  }
  const asked = args.filter((arg) => arg !== "--check");
  const only = (name: string): boolean => asked.length === 0 || asked.includes(name);
  const ground = await openGround();
  const stop = (): void => void ground.close().then(() => process.exit(130));
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  const rows: Row[] = [];
  try {
    for (const suite of suites) {
      const wanted = suite.names.filter(only);
      if (wanted.length === 0) continue;
      console.error(`${wanted.join(", ")} …`);
      rows.push(...(await suite.run(ground, only)));
    }
  } finally {
    await ground.close();
  }
  console.log(`\n${tableOf(rows)}`);
  writeFileSync(join(import.meta.dirname, "results.json"), `${JSON.stringify(rows, null, 2)}\n`);
  return args.includes("--check") && rows.some(({ ok }) => !ok) ? 1 : 0;
};

process.exitCode = await main(process.argv.slice(2));
