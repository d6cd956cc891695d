"""Follows a room by docs/live-protocol.md, with Debian's python3-socketio. Prints a line of JSON for all that happens.

Usage: room.py URL TOKEN SESSION. Commands on standard input: a message to send, or "cut" to lose the connection and
come back for what was missed, or "quit".
"""

import json
import sys
import threading
import uuid

import socketio

url, token, session_id = sys.argv[1:4]
printing = threading.Lock()
applying = threading.RLock()
people = {}
last_seq = None


def tell(**line):
    with printing:
        print(json.dumps(line), flush=True)


def show():
    tell(people=sorted([person["name"], person["status"], person["state"]] for person in people.values()))


def apply(name, event):
    """The table "what it does to your list"."""
    global last_seq
    if "seq" in event:
        if last_seq is not None and event["seq"] != last_seq + 1:
            tell(broken=event["seq"], after=last_seq)
        last_seq = event["seq"]
        tell(seq=event["seq"], type=event["type"], text=event["data"].get("text"))
    data = event.get("data", event)
    person_id = data.get("participantId")
    if name == "participant:joined":
        people[person_id] = {**data, "connections": 1, "status": "connected", "state": {}}
    elif name == "participant:left":
        people.pop(person_id, None)
    elif name == "presence:changed" and person_id in people:
        people[person_id].update(status=data["status"], connections=data["connections"])
    elif name == "participant:updated" and person_id in people:
        people[person_id].update(state=data["state"])
    if name.startswith(("participant:", "presence:")):
        show()


def connect(after=None):
    global people, last_seq
    client = socketio.Client(reconnection=False)
    early = []

    def hear(name, event):
        with applying:
            # What comes before the answer to the join comes after its snapshot.
            apply(name, event) if early is None else early.append((name, event))

    client.on("*", hear, namespace="/live")
    client.connect(url, auth={"token": token}, namespaces=["/live"], transports=["websocket"])
    question = {"sessionId": session_id, **({} if after is None else {"after": after})}
    answer = client.call("session:join", question, namespace="/live")
    if not answer["ok"]:
        sys.exit(json.dumps(answer["error"]))
    with applying:
        for event in answer["events"]:
            apply(event["type"], event)
        people = {person["participantId"]: person for person in answer["participants"]}
        last_seq = answer["seq"]
        tell(joined=answer["seq"], recovered=answer["recovered"])
        show()
        for name, event in early:
            apply(name, event)
        early = None
    return client


client = connect()
for line in sys.stdin:
    command = line.strip()
    if command == "quit":
        break
    if command == "cut":
        client.eio.ws.close()
        client.disconnect()
        tell(cut=last_seq)
    elif command == "back":
        client = connect(after=last_seq)
    else:
        message = {"sessionId": session_id, "text": command, "clientMessageId": str(uuid.uuid4())}
        tell(answer=client.call("message:send", message, namespace="/live"))
client.disconnect()
