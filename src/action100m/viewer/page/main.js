/* Put the parts together: one segment is chosen at a time, and every part shows it. */

const record = JSON.parse(byId("payload").textContent);
const tree = createTree(record.nodes);
let selected = tree.root;
let shownTime = 0;
let addressing = 0;

let player = makePlayer(record.player);
const timeline = createTimeline(tree, { scroller: byId("scroller"), track: byId("track"), hint: byId("hint"), onSelect: (node) => select(node, { play: true }) });
const transcript = createTranscript(record.transcript, byId("cues"), { onJump: (seconds) => player.seek(seconds) });
const search = createSearch(tree, { input: byId("query"), output: byId("hits"), onMatches: showMatches, onJump: (node) => select(node) });

function makePlayer(given) {
  return (given.src ? createPlayer : createAbsentPlayer)(given, { onTime: showTime, onState: showState });
}

/** A server finds out what plays a video while its page is read already. */
function setPlayer(given) {
  record.player = given;
  player = makePlayer(given);
  player.setSegment(selected);
  player.seek(shownTime);
  showPlayer();
}

function showPlayer() {
  byId("screen").replaceChildren(player.view);
  byId("play").hidden = byId("loop").hidden = !record.player.src;
}

function select(node, { seconds = node.start, play = false } = {}) {
  selected = node;
  player.setSegment(node);
  player.seek(seconds);
  if (play && !matchMedia("(prefers-reduced-motion: reduce)").matches) player.play();
  timeline.select(node);
  transcript.select(node);
  showSegment();
  byId("segment").parentElement.scrollTop = 0;
  showAddress();
}

/** Browsers allow some hundred changes a minute, and a held arrow key makes more. */
function showAddress() {
  clearTimeout(addressing);
  addressing = setTimeout(() => history.replaceState(null, "", `#node=${encodeURIComponent(selected.id)}`), 100);
}

function showSegment() {
  byId("segment").replaceChildren(...segmentView(tree, selected, search.terms()));
  byId("parent").disabled = !tree.parent(selected);
  byId("child").disabled = !tree.children(selected).length;
  byId("previous").disabled = !beside(tree, selected, -1);
  byId("next").disabled = !beside(tree, selected, 1);
}

function showMatches(matches) {
  timeline.highlight(matches);
  showSegment();
}

function showTime(seconds) {
  shownTime = seconds;
  timeline.setTime(seconds);
  transcript.setTime(seconds);
  byId("clock").textContent = `${clock(seconds)} / ${clock(tree.root.end)}`;
}

function showState(playing) {
  byId("play").textContent = playing ? "Pause" : "Play";
}

const MOVES = {
  ArrowLeft: () => beside(tree, selected, -1),
  ArrowRight: () => beside(tree, selected, 1),
  ArrowUp: () => tree.parent(selected),
  ArrowDown: () => childAt(tree, selected, shownTime),
  Enter: () => selected,
};

const ACTIONS = {
  " ": () => player.toggle(),
  l: toggleLoop,
  z: () => timeline.zoom.to(selected),
  "+": () => timeline.zoom.closer(selected, 0.5),
  "-": () => timeline.zoom.closer(selected, 2),
  0: () => timeline.zoom.whole(),
  "/": () => byId("query").focus(),
};

function move(key) {
  const node = MOVES[key]();
  if (node) select(node);
}

function toggleLoop() {
  const on = byId("loop").getAttribute("aria-pressed") !== "true";
  byId("loop").setAttribute("aria-pressed", String(on));
  player.setLoop(on);
}

/** Whether a key belongs to the control that has the focus. */
function isTaken(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  if (event.target.closest("input, textarea, select")) return true;
  return [" ", "Enter"].includes(event.key) && event.target.closest("button, a, summary") !== null;
}

function onKey(event) {
  const known = event.key in MOVES || event.key.toLowerCase() in ACTIONS;
  if (!known || isTaken(event)) return;
  event.preventDefault(); // arrows and space would also move the video's own controls or the page
  event.stopPropagation();
  if (event.key in MOVES) move(event.key);
  else ACTIONS[event.key.toLowerCase()]();
}

/** "#node=<id>", "#<id>", "#t=<seconds>" or "?t=<seconds>". */
function followLink() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const node = tree.get(wanted.get("node") ?? [...wanted.keys()][0]);
  const seconds = Number.parseFloat(wanted.get("t") ?? new URLSearchParams(location.search).get("t"));
  if (node) select(node);
  else if (Number.isFinite(seconds)) select(leafAt(tree, seconds), { seconds });
  else select(tree.root);
}

function showHead() {
  const annotated = tree.nodes.filter((node) => node.annotation).length;
  byId("title").textContent = record.title;
  byId("facts").textContent = `${clock(tree.root.end - tree.root.start, 0)} · ${tree.nodes.length.toLocaleString("en")} segments, ${annotated.toLocaleString("en")} annotated`;
  byId("about").replaceChildren(...aboutView(record));
  document.body.classList.toggle("no-transcript", !record.transcript.length);
  showPlayer();
}

const BUTTONS = { previous: "ArrowLeft", next: "ArrowRight", parent: "ArrowUp", child: "ArrowDown", play: " ", loop: "l", zoom: "z", whole: "0" };
for (const [id, key] of Object.entries(BUTTONS)) {
  byId(id).addEventListener("click", () => (key in MOVES ? move(key) : ACTIONS[key]()));
}
document.addEventListener("keydown", onKey, { capture: true });
window.addEventListener("hashchange", followLink);
showHead();
showTime(0);
followLink();
