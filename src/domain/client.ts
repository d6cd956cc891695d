/** Somebody who books and attends. */
export type Client = {
  id: string;
  name: string;
  email: string | null;
  externalId: string | null;
  /** An IANA zone. */
  timeZone: string;
  version: number;
  createdAt: Date;
  updatedAt: Date;
};
