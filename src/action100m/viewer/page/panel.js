/* What is said about the chosen segment, field by field, and why something is missing. */

const FIELD_NAMES = {
  brief_action: "Action",
  brief_caption: "Caption",
  detailed_caption: "Summary",
  detailed_action: "How it is done",
  actor: "Who",
  clip_caption: "Clip caption",
  clip_action: "Clip action",
  frame_caption: "Frame caption",
};

/** What the scripts of a server add: beside a field's name, below its text, above and below all texts of a segment. */
const ADDED = { tools: () => null, notes: () => null, above: [], below: [] };

function fieldRows(node, terms) {
  return Object.keys(FIELD_NAMES).slice(2).flatMap((field) => {
    const [text, gap] = [readText(node, field), node.gaps[field]];
    const name = element("dt", {}, FIELD_NAMES[field], text ? ADDED.tools(node, field) : null);
    if (text) return [name, element("dd", { dir: "auto" }, ...clipped(text, terms)), below(node, field)].filter(Boolean);
    return gap ? [name, element("dd", { class: "missing" }, `None: ${gap}`)] : [];
  });
}

function below(node, field) {
  const note = ADDED.notes(node, field);
  return note && element("dd", { class: "noted" }, note);
}

/** One of the two texts on top, with what is added to it. */
function topText(view, node, field) {
  const has = Boolean(readText(node, field));
  return [element("div", { class: "top-text" }, view, has ? ADDED.tools(node, field) : null), has ? ADDED.notes(node, field) : null];
}

function headline(node, terms) {
  const action = node.annotation?.action.brief ?? node.clip_action;
  if (!isNothing(action)) return element("h2", { dir: "auto" }, ...clipped(action, terms));
  return element("h2", { class: "nobody" }, action ? "No action" : "No action named");
}

function gapNote(node) {
  if (node.annotation) return null;
  const reason = node.gaps.annotation;
  return element("p", { class: "gap" }, reason ? `Not annotated: ${reason}.` : "Not annotated. The record does not say why.");
}

function levelBadge(tree, node) {
  const badge = element("span", { class: "level" }, `Level ${node.level}`);
  badge.style.setProperty("--hue", "calc(var(--hue-root) + (var(--hue-leaf) - var(--hue-root)) * var(--depth))");
  badge.style.setProperty("--depth", node.level / Math.max(1, tree.levels - 1));
  return badge;
}

function segmentView(tree, node, terms) {
  const length = `${(node.end - node.start).toFixed(1)} s`;
  const when = element("p", { class: "when" }, levelBadge(tree, node), element("time", {}, span(node)), length);
  const lead = node.annotation?.summary.brief;
  return [
    when,
    ...topText(headline(node, terms), node, node.annotation?.action.brief ? "brief_action" : "clip_action"),
    ...(lead ? topText(element("p", { class: "lead", dir: "auto" }, ...clipped(lead, terms)), node, "brief_caption") : []),
    ...ADDED.above.map((view) => view(node)),
    gapNote(node),
    element("dl", { class: "fields" }, ...fieldRows(node, terms)),
    ...ADDED.below.map((view) => view(node)),
  ].filter(Boolean);
}

function details(summary, pairs) {
  const rows = pairs.filter(([, text]) => text).flatMap(([name, text, code]) => [
    element("dt", {}, name),
    element("dd", { dir: "auto", class: code ? "code" : null }, ...clipped(text)),
  ]);
  return rows.length ? element("details", {}, element("summary", {}, summary), element("dl", { class: "fields" }, ...rows)) : null;
}

/** About the video as a whole: what it is, how its record was made, what was lost. */
function aboutView({ metadata, provenance, uid }) {
  const count = (number) => (number === null ? null : number.toLocaleString("en"));
  const day = metadata.upload_date?.replace(/^(\d{4})(\d\d)(\d\d)$/, "$1-$2-$3");
  const video = details("About this video", [
    ["Description", metadata.description],
    ["Uploaded", day],
    ["Views", count(metadata.view_count)],
    ["Likes", count(metadata.like_count)],
    ["Id", uid, true],
  ]);
  if (!provenance) return [video];
  const losses = provenance.lost.map((loss) => element("p", { class: "loss" }, `Lost when decoding: ${loss}`));
  const made = details("How this was made", [
    ["Encoder", provenance.encoder],
    ["Captioner", provenance.captioner],
    ["Chat model", provenance.chat_model],
    ["Package", `action100m ${provenance.package_version}`],
    ["Video's SHA-256", provenance.sha256, true],
    ...provenance.prompts.map(([name, digest]) => [`Prompt ${name}`, digest, true]),
  ]);
  return [...losses, video, made].filter(Boolean);
}
