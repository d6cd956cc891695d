import { type Template, detailsOf } from "./letter.ts";

export const sessionEnded: Template = (occasion) => {
  const { other, title } = occasion;
  return {
    subject: `Thank you: ${title} with ${other}`,
    heading: "Thank you for your session",
    paragraphs: [
      `Your session with ${other} is complete.`,
      "A summary of it is kept with the session, where you booked it.",
    ],
    details: detailsOf({ ...occasion, place: null }),
  };
};
