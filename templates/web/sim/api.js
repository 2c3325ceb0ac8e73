// Calls to the simulator. Every answer is JSON; an error carries sentences in both languages.

export async function get(path) {
  const reply = await fetch(path, { cache: "no-store" });
  return reply.json();
}

export async function send(method, path, body) {
  const reply = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error((answer.errors || []).map((e) => e.detail_vi || e.detail).join("; ") || `HTTP ${reply.status}`);
  return answer;
}

export const act = (person, what, more = {}) => send("POST", "/sim/act", { act: what, person, ...more });
