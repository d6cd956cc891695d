import type { Config } from "../config.ts";
import type { Logger } from "../log.ts";
import { type Summariser, plainSummariser } from "./summariser.ts";
import { createLlmSummariser } from "./summariser-llm.ts";

/** The summariser that the settings ask for. */
export const openSummariser = ({ summaryLlm }: Pick<Config, "summaryLlm">, log: Logger): Summariser =>
  summaryLlm ? createLlmSummariser(summaryLlm, log) : plainSummariser;
