import { type Courtside, type HubStatus, type Room, CourtsideError, connect } from "courtside/client";

const find = <T extends HTMLElement>(id: string): T => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
};

const entrance = find<HTMLFormElement>("entrance");
const speak = find<HTMLFormElement>("speak");
const fieldOf = (form: HTMLFormElement, name: string) => form.elements.namedItem(name) as HTMLInputElement;

/** More is not kept on the page. */
const maxMessages = 500;

let hub: Courtside | null = null;
let room: Room | null = null;

/** Names and texts are other people's: they are set as text, never as HTML. */
const line = (text: string, { note, className }: { note?: string; className?: string } = {}) => {
  const item = document.createElement("li");
  item.textContent = text;
  if (className) item.className = className;
  if (note) {
    const small = document.createElement("small");
    small.textContent = note;
    item.append(small);
  }
  return item;
};

const showPeople = ({ participants, self }: Room): void => {
  const lines = [...participants.values()].map(({ participantId, name, role, status }) => {
    const you = participantId === self.participantId ? " (you)" : "";
    return line(`${name}${you}`, { note: `${role}, ${status}`, className: status });
  });
  find("people").replaceChildren(...lines);
};

const showMessage = (item: HTMLLIElement): void => {
  const messages = find("messages");
  messages.append(item);
  while (messages.childElementCount > maxMessages) messages.firstElementChild?.remove();
  messages.scrollTop = messages.scrollHeight;
};

const note = (text: string): void => showMessage(line(text, { className: "note" }));

const showProblem = (error: Error | null): void => {
  const problem = find("problem");
  const code = error instanceof CourtsideError ? ` (${error.code})` : "";
  problem.textContent = error ? `${error.message}${code}` : "";
  problem.hidden = error === null;
};

const statusTexts = { connecting: "Connecting …", online: "Online", offline: "Offline", closed: "Closed" };

const showStatus = (status: HubStatus): void => {
  find("status").textContent = statusTexts[status];
  find("status").className = status;
};

const showEntrance = (): void => {
  entrance.hidden = false;
  find("room").hidden = true;
  hub?.close();
};

const follow = (joined: Room): void => {
  joined.on("change", () => showPeople(joined));
  joined.on("message:posted", ({ at, data }) => {
    showMessage(line(data.text, { note: `${data.name}, ${new Date(at).toLocaleTimeString()}` }));
  });
  joined.on("participant:joined", ({ data }) => note(`${data.name} came in.`));
  joined.on("session:started", () => note("The session has started."));
  joined.on("session:ended", () => note("The session is over."));
  joined.on("reset", () => note("Some of what happened was missed."));
  joined.on("closed", (error) => {
    if (error) showProblem(error);
    showEntrance();
  });
};

const enter = async (): Promise<void> => {
  showProblem(null);
  hub?.close();
  const token = fieldOf(entrance, "token").value;
  try {
    const own = connect({ url: fieldOf(entrance, "url").value, token });
    hub = own;
    own.on("status", ({ status }) => own === hub && showStatus(status));
    const onWaiting = (): void => {
      find("status").textContent = "In the lobby: the coach has yet to let you in";
    };
    const joined = await own.join(fieldOf(entrance, "session").value.trim(), { onWaiting });
    room = joined;
    follow(joined);
    showPeople(joined);
    find("messages").replaceChildren();
    entrance.hidden = true;
    find("room").hidden = false;
    fieldOf(speak, "text").focus();
  } catch (error) {
    // Closed by this side: the form was sent again meanwhile.
    if (error instanceof CourtsideError && error.code === "closed") return;
    showProblem(error as Error);
    showEntrance();
  }
};

entrance.addEventListener("submit", (event) => {
  event.preventDefault();
  void enter();
});

speak.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = fieldOf(speak, "text");
  room?.send(text.value).catch(showProblem);
  text.value = "";
});

find("leave").addEventListener("click", () => void room?.leave());

// #url=…&session=…&token=… fills the form in and joins; the token does not stay in the address.
const given = new URLSearchParams(location.hash.slice(1));
if (given.size > 0) {
  history.replaceState(null, "", location.pathname);
  for (const name of ["url", "session", "token"]) fieldOf(entrance, name).value = given.get(name) ?? "";
  if (entrance.checkValidity()) void enter();
}
