/* Every reply about the chosen segment: the draft, then what each round changed. */

let rounds = new Map();

function setRounds(found) {
  rounds = new Map(Object.entries(found));
  showSegment();
}

const ANNOTATION = ["brief_action", "detailed_action", "actor", "brief_caption", "detailed_caption"];

function roundView(reply, before) {
  const number = `Round ${reply.round}` + (reply.attempt > 1 ? `, try ${reply.attempt}` : "");
  if (!reply.annotation) {
    const raw = element("details", {}, element("summary", {}, "The reply as it came"), element("pre", { dir: "auto" }, ...clipped(reply.raw ?? "")));
    return element("li", { class: "unfit" }, element("h4", {}, number), element("p", {}, `Could not be used: ${reply.problem ?? "it does not fit the schema"}`), raw);
  }
  const rows = ANNOTATION.flatMap((field) => changeRows(field, before && readText({ annotation: before }, field), readText(reply, field), Boolean(before)));
  const said = !before ? "draft" : rows.length ? `changed ${rows.length / 2} of 5 texts` : "changed nothing";
  return element("li", {}, element("h4", {}, number, element("span", {}, said)), rows.length ? element("dl", { class: "fields" }, ...rows) : null);
}

function changeRows(field, before, after, known) {
  if (known && before === after) return [];
  const text = known ? diffView(before ?? "", after ?? "") : clipped(after ?? "");
  return [element("dt", {}, FIELD_NAMES[field]), element("dd", { dir: "auto" }, ...text)];
}

let roundsOpen = true;

function roundsView(node) {
  const replies = rounds.get(node.id) ?? [];
  if (!replies.length) return null;
  let before = null;
  const items = replies.map((reply) => {
    const view = roundView(reply, before);
    before = reply.annotation ?? before;
    return view;
  });
  const count = new Set(replies.map((reply) => reply.round)).size;
  const box = element("details", { class: "rounds", open: roundsOpen }, element("summary", {}, `${count} ${count === 1 ? "round" : "rounds"}`), element("ol", {}, ...items));
  box.addEventListener("toggle", () => (roundsOpen = box.open));
  return box;
}

ADDED.below.push(roundsView);
