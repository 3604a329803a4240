/* The tree of one video: who is above, below and beside a segment, and what is said about it. */

function createTree(nodes) {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const below = new Map(nodes.map((node) => [node.id, []]));
  for (const node of nodes) {
    if (node.parent !== null) below.get(node.parent).push(node);
  }
  return {
    nodes,
    root: nodes[0],
    levels: 1 + nodes.at(-1).level, // breadth first
    get: (id) => known.get(id),
    parent: (node) => known.get(node.parent),
    children: (node) => below.get(node.id),
  };
}

function ancestors(tree, node) {
  const found = [];
  for (let above = tree.parent(node); above; above = tree.parent(above)) found.push(above);
  return found;
}

/** All segments depth first and in time order, as a reader walks through them. */
function inReadingOrder(tree) {
  const ordered = [];
  const waiting = [tree.root];
  while (waiting.length) {
    const node = waiting.pop();
    ordered.push(node);
    waiting.push(...tree.children(node).toReversed());
  }
  return ordered;
}

function leafAt(tree, seconds) {
  let node = tree.root;
  for (let [left, right] = tree.children(node); left; [left, right] = tree.children(node)) {
    node = seconds < right.start ? left : right;
  }
  return node;
}

function childAt(tree, node, seconds) {
  const [left, right] = tree.children(node);
  return right && seconds >= right.start && seconds < right.end ? right : left;
}

/** The sibling after (step 1) or before (step -1); beyond it the next segment in time, on the same level or the deepest above it. */
function beside(tree, node, step) {
  const near = step > 0 ? 0 : 1;
  let above = node;
  while (tree.parent(above) && tree.children(tree.parent(above))[near] !== above) above = tree.parent(above);
  if (!tree.parent(above)) return undefined;
  let found = tree.children(tree.parent(above))[1 - near];
  while (found.level < node.level && tree.children(found).length) found = tree.children(found)[near];
  return found;
}

/** "N/A", and the "NA - there are no actions ..." of the released data. */
function isNothing(text) {
  return !text || /^\s*(n\/a|na\s+-\s)/i.test(text) || /^\s*na\s*$/i.test(text);
}

const LONGEST_LABEL = 300; // characters; laying out one of megabytes takes a browser minutes

/** The few words that stand on a segment. */
function label(node) {
  const candidates = [node.annotation?.action.brief, node.clip_action, node.annotation?.summary.brief, node.clip_caption, node.frame_caption];
  return candidates.find((text) => !isNothing(text))?.slice(0, LONGEST_LABEL) ?? "";
}

/** One sentence on a segment. */
function brief(node) {
  return node.annotation?.summary.brief ?? node.clip_caption ?? node.frame_caption ?? node.clip_action ?? "";
}

/** One text of a segment, by the name that the data has for it; as `record.read_text`. */
function readText(node, field) {
  const { summary, action } = node.annotation ?? {};
  const said = { brief_action: action?.brief, detailed_action: action?.detailed, actor: action?.actor, brief_caption: summary?.brief, detailed_caption: summary?.detailed };
  return field in said ? said[field] : node[field];
}

/** Everything that is said about a segment, for the search. */
function words(node) {
  const { summary, action } = node.annotation ?? {};
  const said = [summary?.brief, summary?.detailed, action?.brief, action?.detailed, action?.actor];
  return [...said, node.clip_caption, node.clip_action, node.frame_caption].filter(Boolean).join("\n").toLowerCase();
}
