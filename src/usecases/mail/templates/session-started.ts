import { type Template, detailsOf, joinAction, linkNote } from "./letter.ts";

/** For who is not there yet. */
export const sessionStarted: Template = (occasion) => {
  const { other, title } = occasion;
  return {
    subject: `Started: ${title} with ${other}`,
    heading: "Your session has started",
    paragraphs: [`Your session with ${other} is under way. Come in now.`],
    details: detailsOf(occasion),
    action: joinAction(occasion),
    closing: linkNote(occasion),
  };
};
