import type { Conversation } from "../domain/conversation.ts";
import type { SummaryWords } from "../domain/room.ts";
import type { SummaryFacts } from "../domain/summary.ts";
import { describeSummary } from "../domain/summary-words.ts";

/**
 * Puts a closed session into words. It keeps nothing from one call to the next, and is told of one session a call, so
 * that nothing of one gets into the summary of another.
 */
export type Summariser = {
  /** True when it makes something of what was said; of a session where it does not, nothing of that is read. */
  readsConversation: boolean;
  /**
   * Never rejects: at worst the words are plain sentences from the facts. Without a conversation they are just that,
   * at once, and nobody is asked.
   */
  summarise(facts: SummaryFacts, conversation: Conversation | null): Promise<SummaryWords>;
};

/** Plain sentences, from the facts alone. */
export const plainSummariser: Summariser = {
  readsConversation: false,
  summarise: async (facts) => describeSummary(facts, null),
};
