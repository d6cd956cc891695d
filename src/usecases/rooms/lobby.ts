import type { Awaited, RoomConnection } from "../../coordination/presence.ts";
import type { Person } from "../../domain/room/request.ts";
import type { WaitingGuest } from "../../domain/room.ts";
import type { App } from "../app.ts";

/** The lobby of a room, as presence knows it: a place of its own, in which nobody is awaited. */
export const lobbyOf = (sessionId: string): string => `${prefix}${sessionId}`;
const prefix = "lobby:";

/** The session whose lobby this is; null for a room. */
export const sessionOfLobby = (place: string): string | null =>
  place.startsWith(prefix) ? place.slice(prefix.length) : null;

/** A connection in the lobby of its room, as presence knows it. */
export const inLobby = ({ sessionId, ...connection }: RoomConnection): RoomConnection => ({
  ...connection,
  sessionId: lobbyOf(sessionId),
});

/** Brings a guest's connection from the door of a room into its lobby, and tells the nodes of a guest who is new there. */
export const enterLobby = async (
  app: App,
  connection: RoomConnection,
  { name }: Pick<Person, "name">,
): Promise<void> => {
  const { before } = await app.presence.connect(inLobby(connection), { name });
  await app.presence.disconnect(connection, 0);
  await app.presence.forget(connection.sessionId, connection.participantId);
  if (before === null) app.publisher.publishPresenceNews(lobbyOf(connection.sessionId));
};

/** Takes a connection out of a lobby, since it ended or was let in; with a guest's last one they wait no more. */
export const leaveLobby = async (app: App, connection: RoomConnection): Promise<void> => {
  const place = lobbyOf(connection.sessionId);
  await app.presence.disconnect(inLobby(connection), 0);
  await app.presence.forget(place, connection.participantId);
  app.publisher.publishPresenceNews(place);
};

/** Ends what is left in a lobby of a guest whose node died. */
export const forgetGuest = async (app: App, { sessionId, participantId }: Awaited): Promise<void> => {
  await app.presence.forget(sessionId, participantId);
  app.publisher.publishPresenceNews(sessionId);
};

/** The guests who wait. @throws DomainError `unavailable` while nobody can tell */
export const listWaiting = async (app: App, sessionId: string): Promise<WaitingGuest[]> =>
  (await app.presence.read(lobbyOf(sessionId)))
    .filter(({ connections }) => connections > 0)
    .map(({ participantId, state }) => ({
      participantId,
      name: typeof state["name"] === "string" ? state["name"] : "",
    }));
