// Signs in with the client library of Firebase against its emulator, and uses the contract `sessions`.
// Arguments: the address of the emulator, and that of Serene.
import { initializeApp } from "firebase/app";
import { connectAuthEmulator, createUserWithEmailAndPassword, getAuth } from "firebase/auth";
const [emulator, api] = process.argv.slice(2);
const check = (holds, what) => { if (!holds) { console.error("FAILED ", what); process.exit(1); } };
const auth = getAuth(initializeApp({ apiKey: "any", projectId: "demo-proj" }));
connectAuthEmulator(auth, emulator, { disableWarnings: true });
const { user } = await createUserWithEmailAndPassword(auth, "mira@example.org", "a good password");
const token = await user.getIdToken();
const call = async (method, path, body) => {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const answer = await fetch(api + path, { method, headers, body: body && JSON.stringify(body) });
  return [answer.status, await answer.json()];
};
const [made, session] = await call("POST", "/sessions", { title: "Rivers" });
check(made === 201 && session.user_email === "mira@example.org", "a session is made: " + JSON.stringify(session));
const [said, reply] = await call("POST", "/chat/respond", { session_id: String(session.id), message: "I slept badly." });
check(said === 200 && reply.message.length > 0, "it is answered");
const [, list] = await call("GET", "/sessions");
check(list.length === 1 && list[0].messages.length === 3, "it is listed, with its greeting");
const [ended, state] = await call("PUT", `/sessions/${session.id}/end`, {});
check(ended === 200 && state.is_ended, "it is ended");
const [summed, summary] = await call("POST", `/sessions/${session.id}/summary`, {});
check(summed === 200 && summary.summary.length > 0, "it is summed up");
const [refused] = await call("POST", "/chat/respond", { session_id: session.id, message: "And?" });
check(refused === 403, "an ended one takes no message");
console.log("ok      firebase signs in against its emulator and uses sessions");
process.exit(0);
