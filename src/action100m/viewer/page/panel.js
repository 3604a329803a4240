/* What is said about the chosen segment, field by field, and why something is missing. */

const FIELDS = [
  ["Summary", (node) => node.annotation?.summary.detailed],
  ["How it is done", (node) => node.annotation?.action.detailed],
  ["Who", (node) => node.annotation?.action.actor],
  ["Clip caption", (node) => node.clip_caption, "clip_caption"],
  ["Clip action", (node) => node.clip_action, "clip_action"],
  ["Frame caption", (node) => node.frame_caption, "frame_caption"],
];

function fieldRows(node, terms) {
  return FIELDS.flatMap(([name, read, key]) => {
    const [text, gap] = [read(node), node.gaps[key]];
    if (text) return [element("dt", {}, name), element("dd", { dir: "auto" }, ...marked(text, terms))];
    return gap ? [element("dt", {}, name), element("dd", { class: "missing" }, `None: ${gap}`)] : [];
  });
}

function headline(node, terms) {
  const action = node.annotation?.action.brief ?? node.clip_action;
  if (!isNothing(action)) return element("h2", { dir: "auto" }, ...marked(action, terms));
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
    headline(node, terms),
    lead ? element("p", { class: "lead", dir: "auto" }, ...marked(lead, terms)) : null,
    gapNote(node),
    element("dl", { class: "fields" }, ...fieldRows(node, terms)),
  ].filter(Boolean);
}

function details(summary, pairs) {
  const rows = pairs.filter(([, text]) => text).flatMap(([name, text, code]) => [
    element("dt", {}, name),
    element("dd", { dir: "auto", class: code ? "code" : null }, text),
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
