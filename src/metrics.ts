import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What waits in the background, counted when somebody asks. */
export type Backlog = {
  /** How long the oldest entry of the outbox has waited for the relay, in seconds. */
  outboxLagSeconds: number;
  /** How long the job, and the delivery, that is due the longest has been due. */
  jobLagSeconds: number;
  deliveryLagSeconds: number;
  jobsFailed: number;
  deliveriesFailed: number;
};

/** What the hub counts of itself. */
export type Metrics = {
  jobEnded(job: string, outcome: string, seconds: number): void;
  deliveryEnded(outcome: string, seconds: number): void;
  /** Null when the database could not be asked. */
  setBacklog(backlog: Backlog | null): void;
  /** Everything as Prometheus reads it. */
  render(): Promise<{ contentType: string; text: string }>;
};

const seconds = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30];

export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `courtside_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[]) =>
    new Histogram({ name: `courtside_${name}`, help, labelNames, buckets: seconds, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `courtside_${name}`, help, registers });

  const jobs = counter("jobs_total", "Attempts at jobs, by what came of them", ["job", "outcome"]);
  const jobSeconds = histogram("job_duration_seconds", "How long attempts at jobs took", ["job"]);
  const deliveries = counter("webhook_attempts_total", "Attempts at webhooks, by what came of them", [
    "outcome",
  ]);
  const deliverySeconds = histogram("webhook_duration_seconds", "How long receivers of webhooks took", []);
  const databaseUp = gauge(
    "database_up",
    "1 when the database answered; without it, what waits is not known anew",
  );
  const outboxLag = gauge("outbox_lag_seconds", "Age of the oldest entry that was not relayed");
  const jobLag = gauge("job_lag_seconds", "How long the job has been due that is not done the longest");
  const deliveryLag = gauge(
    "webhook_lag_seconds",
    "How long the webhook has been due that is not sent the longest",
  );
  const jobsFailed = gauge("jobs_failed", "Jobs that failed for good and wait to be replayed");
  const deliveriesFailed = gauge("webhooks_failed", "Webhooks that failed for good and wait to be replayed");

  return {
    jobEnded: (job, outcome, took) => {
      jobs.inc({ job, outcome });
      jobSeconds.observe({ job }, took);
    },
    deliveryEnded: (outcome, took) => {
      deliveries.inc({ outcome });
      deliverySeconds.observe(took);
    },
    setBacklog: (backlog) => {
      databaseUp.set(backlog ? 1 : 0);
      if (!backlog) return;
      outboxLag.set(backlog.outboxLagSeconds);
      jobLag.set(backlog.jobLagSeconds);
      deliveryLag.set(backlog.deliveryLagSeconds);
      jobsFailed.set(backlog.jobsFailed);
      deliveriesFailed.set(backlog.deliveriesFailed);
    },
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
};
