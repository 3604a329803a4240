/* The transcript, with the lines of the chosen segment lit and the line being said marked. */

function createTranscript(cues, list, { onJump }) {
  const rows = cues.map(createRow);
  list.replaceChildren(...rows.map((row) => element("li", {}, row)));

  function createRow(cue) {
    const row = element("button", { type: "button", class: "cue" }, element("time", {}, cue.start === null ? "" : clock(cue.start, 0)), element("span", { dir: "auto" }, cue.text.slice(0, LONGEST_TEXT)));
    if (cue.start !== null) row.addEventListener("click", () => onJump(cue.start));
    return row;
  }

  function within(cue, start, end) {
    return cue.start !== null && cue.start < end && cue.end > start;
  }

  function bringIntoView(row) {
    const box = list.closest(".transcript");
    const top = row.offsetTop - box.clientHeight / 3;
    if (row.offsetTop < box.scrollTop + 40 || row.offsetTop > box.scrollTop + box.clientHeight - 60) box.scrollTop = top;
  }

  return {
    select({ start, end }) {
      cues.forEach((cue, index) => rows[index].classList.toggle("inside", within(cue, start, end)));
      const first = list.querySelector(".inside");
      if (first) bringIntoView(first);
    },
    setTime(seconds) {
      cues.forEach((cue, index) => rows[index].classList.toggle("now", within(cue, seconds, seconds + 1e-6)));
    },
  };
}
