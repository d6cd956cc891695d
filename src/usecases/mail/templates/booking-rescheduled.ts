import { type Template, detailsOf, joinAction, linkNote } from "./letter.ts";

export const bookingRescheduled: Template = (occasion) => {
  const { other, title, shortly, before } = occasion;
  const details = detailsOf(occasion);
  return {
    subject: `Moved: ${title} with ${other}, now ${shortly}`,
    heading: "Your session has a new time",
    paragraphs: [
      `Your session with ${other} has been moved. The update in this mail corrects your calendar.`,
    ],
    details: before === null ? details : [...details, { label: "Before", value: before }],
    action: joinAction(occasion),
    closing: linkNote(occasion),
  };
};
