import { type Template, detailsOf, joinAction, linkNote } from "./letter.ts";

export const reminder: Template = (occasion) => {
  const { other, title, shortly } = occasion;
  return {
    subject: `Reminder: ${title} with ${other}, ${shortly}`,
    heading: "Your session is coming up",
    paragraphs: [`This is a reminder of your session with ${other}.`],
    details: detailsOf(occasion),
    action: joinAction(occasion),
    closing: linkNote(occasion),
  };
};
