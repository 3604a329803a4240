/* Speak to the server that this page came from. */

const uid = encodeURIComponent(record.uid);

async function ask(path, options = {}) {
  const reply = await fetch(path, options);
  if (!reply.ok) throw new Error(await reply.text().then(explain));
  return reply.json();
}

/** The reason in what the server answered. */
function explain(text) {
  try {
    return JSON.parse(text).detail ?? text;
  } catch {
    return text;
  }
}

function send(path, value) {
  const headers = { "Content-Type": "application/json", "X-Action100m": "1" }; // the second only our own page can send
  return ask(path, { method: "POST", headers, body: JSON.stringify(value) });
}

/** Say what went wrong, until the next thing is said. */
function tell(text) {
  byId("message").textContent = text;
  byId("message").hidden = !text;
}
