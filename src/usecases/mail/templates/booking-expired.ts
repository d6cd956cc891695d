import { type Template, detailsOf } from "./letter.ts";

export const bookingExpired: Template = (occasion) => {
  const { other, title, shortly } = occasion;
  return {
    subject: `Not confirmed: ${title} with ${other}, ${shortly}`,
    heading: "Your request has expired",
    paragraphs: [
      `${other} did not answer in time, so the session was not booked. You are welcome to ask again.`,
    ],
    details: detailsOf(occasion),
  };
};
