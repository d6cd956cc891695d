import { type Occasion, type Template, detailsOf } from "./letter.ts";

export const sessionNoShow: Template = (occasion) => {
  const { other, title, shortly } = occasion;
  return {
    subject: `Did not take place: ${title} with ${other}, ${shortly}`,
    heading: "Your session did not take place",
    paragraphs: [sentence(occasion), "If this is a mistake, please get in touch where you booked."],
    details: detailsOf({ ...occasion, place: null }),
  };
};

const sentence = ({ other, absent }: Occasion): string => {
  if (absent === "you") return `${other} was there, and you were missed.`;
  if (absent === "other") return `${other} did not come. We are sorry that you waited.`;
  if (absent === "both") return `Neither you nor ${other} came.`;
  return `You and ${other} were not there together for long enough.`;
};
