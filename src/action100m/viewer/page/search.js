/* Find segments by what is said about them. Every word must occur; matches are walked in time order. */

function createSearch(tree, { input, output, onMatches, onJump }) {
  const texts = new Map(tree.nodes.map((node) => [node.id, words(node)]));
  const ordered = inReadingOrder(tree);
  let matches = [];
  let place = -1;

  function terms() {
    return input.value.toLowerCase().split(/\s+/).filter(Boolean);
  }

  function find() {
    const wanted = terms();
    matches = wanted.length ? ordered.filter((node) => wanted.every((term) => texts.get(node.id).includes(term))) : [];
    place = -1;
    report();
    onMatches(wanted.length ? new Set(matches.map((node) => node.id)) : null);
  }

  function report() {
    if (!terms().length) output.textContent = "";
    else if (!matches.length) output.textContent = "no match";
    else output.textContent = place < 0 ? `${matches.length} found` : `${place + 1} of ${matches.length}`;
  }

  function jump(step) {
    if (!matches.length) return;
    place = place < 0 && step < 0 ? matches.length - 1 : (place + step + matches.length) % matches.length;
    report();
    onJump(matches[place]);
  }

  function clear() {
    input.value = "";
    input.blur();
    find();
  }

  input.addEventListener("input", find);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
    if (event.key === "Enter") jump(event.shiftKey ? -1 : 1);
  });
  input.form.addEventListener("submit", (event) => event.preventDefault());

  return { terms };
}
