/** A crowd in a process of its own, so that what it measures is not held up by what else a bench does. */
import { Crowd } from "./crowd.ts";
import type { Asked, Order } from "./orders.ts";

const [dialect] = process.argv.slice(2);
if (dialect !== "courtside" && dialect !== "raw") throw new Error("A crowd needs a dialect.");
const crowd = new Crowd(dialect);

const follow = async (order: Order): Promise<unknown> => {
  switch (order.name) {
    case "enter":
      return crowd.enter(order.seats, order.atOnce);
    case "closedLoop":
      return crowd.closedLoop(order.outstanding, order.ms);
    case "pacedLoop":
      return crowd.pacedLoop(order.perSecond, order.ms);
    case "roundOfMessages":
      return crowd.roundOfMessages();
    case "leave":
      crowd.leave();
      return null;
  }
};

process.on("message", ({ id, order }: Asked) => {
  follow(order).then(
    (result) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: (error as Error).message }),
  );
});
process.on("disconnect", () => process.exit(0));
