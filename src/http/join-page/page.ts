import { type Courtside, CourtsideError, type Room, connect } from "courtside/client";

/** The script of the page behind a join link: asks for tickets with it, and shows the room. */

const find = <T extends HTMLElement>(id: string): T | null => document.getElementById(id) as T | null;

// The page's times are told by the hub on the clocks it knows the reader by; these are the ones on their wall.
for (const time of document.querySelectorAll("time")) {
  const [from, to] = [time.dateTime, time.dataset["until"] ?? ""].map((text) => new Date(text));
  if (!from || !to || Number.isNaN(to.getTime())) continue;
  time.textContent = new Intl.DateTimeFormat(undefined, {
    dateStyle: "full",
    timeStyle: "short",
  }).formatRange(from, to);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  time.append(` (${zone})`);
}

const link = location.pathname.split("/").at(-1) ?? "";

/** The hub's own words where it refuses: what it says of the link is meant for whoever holds it. */
const buyTicket = async (): Promise<{ ticket: string; session: { id: string } }> => {
  const response = await fetch("/v1/join", { method: "POST", headers: { authorization: `Bearer ${link}` } });
  const answer = (await response.json()) as { ticket: string; session: { id: string }; detail?: string };
  if (!response.ok) throw new Error(answer.detail ?? "This did not work. Please try again.");
  return answer;
};

const say = (text: string): void => {
  const status = find("status");
  if (status) status.textContent = text;
};

/** Names and texts are other people's: they are set as text, never as HTML. */
const line = (text: string, note: string): HTMLLIElement => {
  const item = document.createElement("li");
  item.textContent = text;
  const small = document.createElement("small");
  small.textContent = note;
  item.append(small);
  return item;
};

const showPeople = ({ participants, self }: Room): void => {
  const lines = [...participants.values()].map(({ participantId, name, role, status }) =>
    line(
      participantId === self.participantId ? `${name} (you)` : name,
      status === "connected" ? role : `${role}, reconnecting`,
    ),
  );
  find("people")?.replaceChildren(...lines);
};

const showMessage = (text: string, note: string): void => {
  const messages = find("messages");
  messages?.append(line(text, note));
  messages?.lastElementChild?.scrollIntoView({ block: "nearest" });
};

let hub: Courtside | null = null;
let room: Room | null = null;

const show = (inside: boolean): void => {
  for (const [id, hidden] of Object.entries({ join: inside, room: !inside })) {
    const part = find(id);
    if (part) part.hidden = hidden;
  }
};

/** There is nothing to come back to. */
const end = (why: string): void => {
  show(false);
  find("join")?.remove();
  say(why);
  hub?.close();
};

const follow = (joined: Room): void => {
  joined.on("change", () => showPeople(joined));
  joined.on("message:posted", ({ at, data }) =>
    showMessage(data.text, `${data.name}, ${new Date(at).toLocaleTimeString()}`),
  );
  joined.on("session:started", () => say("The session has started."));
  joined.on("session:ended", () => end("The session is over."));
  joined.on("session:no_show", () => end("The session is over."));
  joined.on("session:cancelled", () => end("The session was cancelled."));
  joined.on("closed", (error) => {
    show(false);
    if (error) say(error.message);
    hub?.close();
  });
};

const enter = async (): Promise<void> => {
  say("One moment …");
  try {
    hub?.close();
    const { session } = await buyTicket();
    hub = connect({ url: location.origin, token: async () => (await buyTicket()).ticket });
    room = await hub.join(session.id);
    follow(room);
    show(true);
    showPeople(room);
    say("You are in.");
  } catch (error) {
    // Closed by this side: the button was pressed again meanwhile.
    if (error instanceof CourtsideError && error.code === "closed") return;
    hub?.close();
    say((error as Error).message);
  }
};

find("join")?.addEventListener("click", () => void enter());
find("leave")?.addEventListener("click", () => {
  void room?.leave();
  say("You have left. You may come back while the session is open.");
});
find("speak")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find<HTMLInputElement>("text");
  if (!text || text.value === "") return;
  room?.send(text.value).catch((error: unknown) => say((error as Error).message));
  text.value = "";
});
