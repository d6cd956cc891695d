/** Somebody who gives sessions and owns a calendar. */
export type Coach = {
  id: string;
  name: string;
  email: string | null;
  externalId: string | null;
  /** An IANA zone. */
  timeZone: string;
  /** 0..1 */
  score: number;
  dailyLimit: number | null;
  calendarPolicy: "fail_open" | "fail_closed";
  active: boolean;
  version: number;
  createdAt: Date;
  updatedAt: Date;
};
