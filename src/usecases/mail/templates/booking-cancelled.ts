import { type Template, detailsOf, quoteOf } from "./letter.ts";

export const bookingCancelled: Template = (occasion) => {
  const { other, title, shortly, wasBooked } = occasion;
  return {
    subject: `Cancelled: ${title} with ${other}, ${shortly}`,
    heading: wasBooked ? "Your session is cancelled" : "The request was withdrawn",
    paragraphs: wasBooked
      ? [`Your session with ${other} will not take place. This mail takes it out of your calendar.`]
      : [`The request for this session has been withdrawn before it was confirmed.`],
    details: detailsOf(occasion),
    quote: quoteOf(occasion, "The reason given"),
  };
};
