import { type Template, detailsOf, joinAction, linkNote } from "./letter.ts";

export const bookingAccepted: Template = (occasion) => {
  const { other, title, shortly } = occasion;
  return {
    subject: `Booked: ${title} with ${other}, ${shortly}`,
    heading: "Your session is booked",
    paragraphs: [
      `Your session with ${other} is confirmed. The invitation in this mail puts it into your calendar.`,
    ],
    details: detailsOf(occasion),
    action: joinAction(occasion),
    closing: linkNote(occasion),
  };
};
