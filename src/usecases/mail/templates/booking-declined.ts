import { type Template, detailsOf, quoteOf } from "./letter.ts";

export const bookingDeclined: Template = (occasion) => {
  const { role, other, title, shortly } = occasion;
  const subject = `Declined: ${title} with ${other}, ${shortly}`;
  if (role === "coach") {
    return {
      subject,
      heading: "A request was declined",
      paragraphs: [`${other}'s request for a session with you was declined. The time is free again.`],
      details: detailsOf(occasion),
      quote: quoteOf(occasion, "The reason given"),
    };
  }
  return {
    subject,
    heading: "Your request was declined",
    paragraphs: [`Unfortunately ${other} cannot take this session. You are welcome to ask for another time.`],
    details: detailsOf(occasion),
    quote: quoteOf(occasion, "The reason given"),
  };
};
