/* Keep, reject, edit: what a person says about a segment or one of its texts. The server appends each mark to a file; this page only asks. */

const SIGNS = { keep: "✓", reject: "✗", edit: "✎" };
const NAMES = { keep: "Keep", reject: "Reject", edit: "Edit" };
const DONE = { keep: "Kept", reject: "Rejected", edit: "Edited" };
let marks = new Map();
let editing = null; // { node, field, text }

function placeOf(node, field) {
  return `${node ?? ""}\n${field ?? ""}`;
}

function setMarks(list) {
  marks = new Map(list.map((mark) => [placeOf(mark.node, mark.field), mark]));
  for (const node of tree.nodes) {
    const kinds = new Set(list.filter((mark) => mark.node === node.id).map((mark) => mark.mark));
    for (const kind of Object.keys(SIGNS)) timeline.note(node.id, `is-${kind}`, kinds.has(kind));
  }
  showSegment();
}

async function mark(node, field, kind, text = null) {
  try {
    setMarks(await send("/marks", { uid: record.uid, node: node.id, field, mark: kind, text }));
    tell("");
  } catch (error) {
    tell(error.message);
  }
}

/** The same mark again takes it back. */
function toggleMark(node, field, kind) {
  const before = marks.get(placeOf(node.id, field));
  return mark(node, field, before?.mark === kind ? null : kind);
}

function markButton(node, field, kind, label) {
  const pressed = marks.get(placeOf(node.id, field))?.mark === kind;
  const title = `${NAMES[kind]} ${field ? "this text" : "this segment"}${field ? "" : ` (${kind === "keep" ? "K" : "X"})`}`;
  const button = element("button", { type: "button", class: kind, "aria-pressed": String(pressed), "aria-label": title, title }, label);
  button.addEventListener("click", () => (kind === "edit" ? startEdit(node, field) : toggleMark(node, field, kind)));
  return button;
}

function segmentTools(node) {
  const buttons = ["keep", "reject"].map((kind) => markButton(node, null, kind, `${SIGNS[kind]} ${NAMES[kind]}`));
  return element("div", { class: "review", role: "toolbar", "aria-label": "Mark the segment" }, ...buttons, noteView(node, null));
}

function fieldTools(node, field) {
  return element("span", { class: "tools" }, ...Object.keys(SIGNS).map((kind) => markButton(node, field, kind, SIGNS[kind])));
}

function noteView(node, field) {
  const found = marks.get(placeOf(node.id, field));
  if (!found) return null;
  const when = new Date(found.time);
  const by = `${DONE[found.mark]} by ${found.who || "somebody"}${Number.isNaN(when.getTime()) ? "" : `, ${when.toLocaleString("en", { dateStyle: "medium", timeStyle: "short" })}`}`;
  const back = element("button", { type: "button", class: "back-out" }, "Take back");
  back.addEventListener("click", () => mark(node, field, null));
  const change = found.mark === "edit" ? element("p", { dir: "auto" }, ...diffView(readText(node, field) ?? "", found.text ?? "")) : null;
  return element("div", { class: `note ${found.mark}` }, change, element("span", {}, by), back);
}

function startEdit(node, field) {
  const before = marks.get(placeOf(node.id, field));
  editing = { node: node.id, field, text: (before?.mark === "edit" ? before.text : readText(node, field)) ?? "" };
  showSegment();
  byId("segment").querySelector("textarea")?.focus();
}

function stopEdit() {
  editing = null;
  showSegment();
}

function editorView(node) {
  const box = element("textarea", { rows: Math.min(12, 2 + Math.floor(editing.text.length / 60)), maxlength: 100000, "aria-label": "The text that should stand there" });
  box.value = editing.text;
  const save = async () => {
    const { field, text } = editing;
    await mark(node, field, "edit", text);
    if (byId("message").hidden) stopEdit();
  };
  box.addEventListener("input", () => (editing.text = box.value));
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") stopEdit();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
  });
  const [done, cancel] = [element("button", { type: "button", title: "Ctrl+Enter" }, "Save"), element("button", { type: "button", title: "Esc" }, "Cancel")];
  done.addEventListener("click", save);
  cancel.addEventListener("click", stopEdit);
  return element("div", { class: "editor" }, box, element("div", {}, done, cancel));
}

function fieldNotes(node, field) {
  const open = editing?.node === node.id && editing.field === field;
  return open ? editorView(node) : noteView(node, field);
}

ADDED.above.unshift(segmentTools);
ADDED.tools = fieldTools;
ADDED.notes = fieldNotes;
ACTIONS.k = () => toggleMark(selected, null, "keep");
ACTIONS.x = () => toggleMark(selected, null, "reject");
ACTIONS.e = () => startEdit(selected, selected.annotation ? "brief_action" : "clip_action");
