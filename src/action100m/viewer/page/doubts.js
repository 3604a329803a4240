/* What the quality measures find doubtful: told at its segment, dotted in the timeline, walked with F. */

let doubts = new Map();

function setDoubts(flags) {
  doubts = new Map(Object.entries(flags));
  for (const [id, found] of doubts) timeline.note(id, "flagged", found.length > 0);
  byId("doubt").hidden = !doubts.size;
  byId("doubt").textContent = `${doubts.size.toLocaleString("en")} doubtful`;
  showSegment();
}

function doubtsView(node) {
  const found = doubts.get(node.id) ?? [];
  if (!found.length) return null;
  const chips = found.map(({ flag, field, message, meaning }) =>
    element("li", { title: meaning }, element("b", {}, flag), ` ${FIELD_NAMES[field].toLowerCase()}`, message ? `: ${message.slice(0, 300)}` : ""));
  return element("ul", { class: "flags", "aria-label": "Doubts" }, ...chips);
}

function toDoubt(step) {
  const flagged = inReadingOrder(tree).filter((node) => doubts.has(node.id));
  if (!flagged.length) return;
  const order = inReadingOrder(tree).indexOf(selected);
  const places = flagged.map((node) => inReadingOrder(tree).indexOf(node));
  const ahead = step > 0 ? places.findIndex((place) => place > order) : places.findLastIndex((place) => place < order);
  select(flagged[ahead < 0 ? (step > 0 ? 0 : flagged.length - 1) : ahead]);
}

ADDED.above.push(doubtsView);
ACTIONS.f = () => toDoubt(1);
byId("doubt").addEventListener("click", () => toDoubt(1));
