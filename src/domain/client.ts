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

/** A client who is about to be written. */
export type NewClient = Pick<Client, "id" | "name" | "timeZone"> & {
  email?: string | undefined;
  externalId?: string | undefined;
};
