/* Draw the tree over time and tell which segment is meant. */

const NARROW = 34; // pixels; a label of one or two letters says nothing
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200]; // seconds between marks

function createTimeline(tree, { scroller, track, hint, onSelect }) {
  const { root } = tree;
  const total = root.end - root.start;
  const share = (seconds) => `${(100 * (seconds - root.start)) / total}%`;
  const bars = new Map();
  const axis = element("div", { class: "axis", "aria-hidden": "true" });
  const band = element("div", { class: "band" });
  const playhead = element("div", { class: "playhead" });
  let chosen = root;

  function createBar(node) {
    const text = label(node);
    const bar = element("div", {
      class: node.annotation ? "node annotated" : "node",
      role: "treeitem",
      tabindex: "-1",
      "data-id": node.id,
      "aria-level": node.level + 1,
      "aria-selected": "false",
      "aria-label": `${text || "Segment"}, ${span(node)}`,
    });
    if (text) bar.append(element("span", {}, text));
    bar.style.left = share(node.start);
    bar.style.width = `calc(${(100 * (node.end - node.start)) / total}% - 1px)`;
    bar.style.setProperty("--level", node.level);
    bar.style.setProperty("--depth", node.level / Math.max(1, tree.levels - 1));
    return bar;
  }

  function draw() {
    const grove = element("div", { role: "tree", "aria-label": "Segments" });
    for (const node of inReadingOrder(tree)) {
      const bar = createBar(node);
      bars.set(node.id, bar);
      grove.append(bar);
    }
    hideNarrowLabels(root.start, root.end);
    track.style.setProperty("--rows", tree.levels);
    track.replaceChildren(axis, band, grove, playhead);
  }

  function hideNarrowLabels(from, to) {
    const shortest = (NARROW * (to - from)) / scroller.clientWidth;
    for (const [id, bar] of bars) bar.classList.toggle("narrow", tree.get(id).end - tree.get(id).start < shortest);
  }

  function showView({ from, to }) {
    hideNarrowLabels(from, to);
    drawAxis(from, to);
  }

  function drawAxis(from, to) {
    const room = Math.max(1, scroller.clientWidth / 90);
    const step = STEPS.find((candidate) => (to - from) / candidate <= room) ?? STEPS.at(-1);
    const cut = ((to - from) * 36) / scroller.clientWidth; // a mark this near to the right edge would lose its end
    const marks = [];
    for (let mark = Math.max(0, Math.floor(from / step)); mark * step < to - cut; mark += 1) {
      const tick = element("span", {}, clock(mark * step, step < 1 ? 1 : 0));
      tick.style.left = share(mark * step);
      if (mark * step >= root.start) marks.push(tick);
    }
    axis.replaceChildren(...marks);
  }

  function nodeOf(event) {
    const bar = event.target.closest(".node");
    return bar && tree.get(bar.dataset.id);
  }

  function showHint(event) {
    const node = nodeOf(event);
    hint.hidden = !node;
    if (!node) return;
    const [text, sentence] = [label(node), brief(node)];
    const heading = text && text !== sentence ? element("b", {}, text) : null;
    const shown = sentence.length > 180 ? `${sentence.slice(0, 180)}…` : sentence;
    const when = element("time", {}, `${span(node)} · ${(node.end - node.start).toFixed(1)} s · level ${node.level}`);
    hint.replaceChildren(...[heading, shown, when].filter(Boolean));
    const { width, height } = hint.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, innerWidth - width - 12);
    const above = event.clientY - height - 14;
    hint.style.left = `${Math.max(12, left)}px`;
    hint.style.top = `${above > 8 ? above : event.clientY + 18}px`;
  }

  function select(node) {
    const focused = bars.get(chosen.id) === document.activeElement;
    for (const bar of track.querySelectorAll(".selected, .path")) bar.classList.remove("selected", "path");
    bars.get(chosen.id).setAttribute("aria-selected", "false");
    bars.get(chosen.id).tabIndex = -1;
    for (const above of ancestors(tree, node)) bars.get(above.id).classList.add("path");
    const bar = bars.get(node.id);
    bar.classList.add("selected");
    bar.setAttribute("aria-selected", "true");
    bar.tabIndex = 0;
    band.style.left = share(node.start);
    band.style.width = bar.style.width;
    chosen = node;
    zoom.reveal(node);
    if (focused) bar.focus({ preventScroll: true });
  }

  function highlight(matches) {
    scroller.closest(".timeline").classList.toggle("searching", matches !== null);
    for (const [id, bar] of bars) bar.classList.toggle("match", Boolean(matches?.has(id)));
  }

  performance.mark("draw");
  draw();
  track.lastChild.getBoundingClientRect(); // has the browser lay it out now, so that the measure is honest
  performance.measure("draw tree", "draw");
  const zoom = createZoom(scroller, track, root, { onChange: showView });
  track.addEventListener("click", (event) => nodeOf(event) && onSelect(nodeOf(event)));
  track.addEventListener("dblclick", (event) => nodeOf(event) && zoom.to(nodeOf(event)));
  track.addEventListener("pointermove", showHint);
  track.addEventListener("pointerleave", () => (hint.hidden = true));

  return {
    select,
    highlight,
    zoom,
    note: (id, sign, on) => bars.get(id)?.classList.toggle(sign, on),
    setTime: (seconds) => (playhead.style.left = share(Math.min(Math.max(seconds, root.start), root.end))),
  };
}
