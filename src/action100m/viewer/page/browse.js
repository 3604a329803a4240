/* The list by keyboard. Searching, sorting and paging are plain links and a plain form, so that they work without this too. */

const query = document.getElementById("query");
const links = [...document.querySelectorAll(".hit, .video")];

function walk(step) {
  const place = links.indexOf(document.activeElement);
  const next = place < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(place + step, 0), links.length - 1);
  links[next]?.focus();
  links[next]?.scrollIntoView({ block: "nearest" });
}

const KEYS = {
  ArrowDown: () => walk(1),
  ArrowUp: () => walk(-1),
  ArrowRight: () => document.querySelector('.pager a[rel="next"]')?.click(),
  ArrowLeft: () => document.querySelector('.pager a[rel="prev"]')?.click(),
  "/": () => query.focus(),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey || (typing && (event.target !== query || event.key !== "ArrowDown"))) return;
  event.preventDefault();
  KEYS[event.key]();
});
document.getElementById("sort").addEventListener("change", () => query.form.submit());
if (query.value) query.setSelectionRange(query.value.length, query.value.length);
