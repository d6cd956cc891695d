/** How a server of live rooms is spoken to. All texts are the JSON of a Socket.IO event, ready to be sent. */
export type Dialect = {
  join: (room: string) => string;
  message: (room: string, text: string, id: string) => string;
  /** The event that carries a message to those in the room. */
  delivered: string;
  /** Events are numbered, and each connection must see every number of its room, in order. */
  numbered: boolean;
};

export type DialectName = "courtside" | "raw";

export const dialects: Record<DialectName, Dialect> = {
  courtside: {
    join: (sessionId) => `["session:join",{"sessionId":"${sessionId}"}]`,
    message: (sessionId, text, id) =>
      `["message:send",{"sessionId":"${sessionId}","text":"${text}","clientMessageId":"${id}"}]`,
    delivered: "message:posted",
    numbered: true,
  },
  raw: {
    join: (room) => `["join",{"room":"${room}"}]`,
    message: (room, text, id) => `["message",{"room":"${room}","text":"${text}","id":"${id}"}]`,
    delivered: "message",
    numbered: false,
  },
};
