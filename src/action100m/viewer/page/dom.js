/* Make elements and words. Text enters the page here only, and only as text: a caption can never become markup. */

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function byId(id) {
  return document.getElementById(id);
}

/** 83.25 -> "1:23.2" (down, so that a clock never runs ahead of the picture). */
function clock(seconds, digits = 1) {
  const unit = 10 ** digits;
  const whole = Math.floor(Math.max(0, seconds) * unit + 1e-6);
  const rest = String(Math.floor(whole / unit) % 60).padStart(2, "0");
  const fraction = digits ? "." + String(whole % unit).padStart(digits, "0") : "";
  const minutes = Math.floor(whole / unit / 60);
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}${fraction}` : `${minutes}:${rest}${fraction}`;
}

function span(node) {
  return `${clock(node.start)} – ${clock(node.end)}`;
}

/** Text as nodes, with every term in <mark>. */
function marked(text, terms) {
  if (!terms.length) return [text];
  const escaped = terms.map((term) => term.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  const parts = text.split(new RegExp(`(${escaped.join("|")})`, "giu"));
  return parts.map((part, index) => (index % 2 ? element("mark", {}, part) : part));
}

const LONGEST_TEXT = 20_000; // characters shown at once; a text of megabytes would freeze the page

/** Text as nodes, with every term in <mark>; the end of a very long one behind a button. */
function clipped(text, terms = []) {
  if (text.length <= LONGEST_TEXT) return marked(text, terms);
  const rest = text.length - LONGEST_TEXT;
  const more = element("button", { type: "button", class: "more" }, `${rest.toLocaleString("en")} more characters`);
  more.addEventListener("click", () => more.replaceWith(text.slice(LONGEST_TEXT)));
  return [...marked(text.slice(0, LONGEST_TEXT), terms), "… ", more];
}
