import { openGround } from "./servers.ts";
import { openRooms, rawRooms } from "./live/open-rooms.ts";
import { setTimeout as delay } from "node:timers/promises";
const ground = await openGround();
const opts = { NODE_OPTIONS: "--expose-gc --import=file:///tmp/memtest/pre.mjs" };
const look = async (pid: number) => { for (let i=0;i<2;i++){ process.kill(pid,"SIGUSR2"); await delay(700);} };
try {
  const which = process.argv[2];
  let pid = 0; let seats; let crowd;
  if (which === "raw") { const server = await ground.baseline("raw-socket-io", null, opts); pid = server.pid; seats = rawRooms(server, 200); crowd = ground.crowd("raw"); }
  else { const db = await ground.database(); const door = await ground.hub(db); seats = await openRooms(db.sql, door, 200); await door.stop(); const hub = await ground.hub(db, opts); pid = hub.pid; seats = seats.map((s:any)=>({...s,url:hub.url})); crowd = ground.crowd("courtside"); }
  console.log(which, pid);
  await look(pid);
  await crowd.enter(seats.slice(0,1000) as never, 64); await look(pid);
  await crowd.enter(seats.slice(1000) as never, 64); await look(pid);
  await delay(10000); await look(pid);
  if (process.argv[3]) { process.kill(pid, "SIGPROF"); await delay(20000); }
} finally { await ground.close(); }
