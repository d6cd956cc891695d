import { type Template, detailsOf } from "./letter.ts";

/** To the coach, who has to answer; and to the client, whose request has arrived. */
export const bookingRequested: Template = (occasion) => {
  const { role, other, title, shortly, answerBy } = occasion;
  const details = [
    ...detailsOf(occasion),
    ...(answerBy === null ? [] : [{ label: "Answer by", value: answerBy }]),
  ];
  if (role === "coach") {
    return {
      subject: `Please answer: ${other} asks for ${title}, ${shortly}`,
      heading: "A request for your time",
      paragraphs: [
        `${other} would like to book a session with you. The time is kept until you accept or decline.`,
      ],
      details,
      closing: "Without an answer the request expires, and the time is free again.",
    };
  }
  return {
    subject: `Request received: ${title} with ${other}, ${shortly}`,
    heading: "Your request has been received",
    paragraphs: [`${other} has been asked to confirm it. You will get another mail with the answer.`],
    details,
    closing: "The time is kept for you meanwhile.",
  };
};
