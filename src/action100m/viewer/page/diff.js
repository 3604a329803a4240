/* What changed between two texts, word by word. */

const MOST_PAIRS = 4e6; // of words compared; longer texts are shown as replaced, which takes no time

function splitWords(text) {
  return text.match(/\s+|[\p{L}\p{N}'’]+|[^\s]/gu) ?? [];
}

/** [kind, text] with kind "same", "gone" or "new", in reading order: the longest common subsequence stays. */
function compareWords(before, after) {
  const [old, now] = [splitWords(before), splitWords(after)];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const middle = align(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  return join([["same", old.slice(0, head)], ...middle, ["same", tail ? old.slice(-tail) : []]]);
}

function align(old, now) {
  if (!old.length || !now.length || old.length * now.length > MOST_PAIRS) return [["gone", old], ["new", now]];
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width); // of what is left from each pair on
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      longest[at] = old[i] === now[j] ? 1 + longest[at + width + 1] : Math.max(longest[at + width], longest[at + 1]);
    }
  }
  const parts = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    const at = i * width + j;
    if (old[i] === now[j]) parts.push(["same", [old[i++]]]), j++;
    else if (longest[at + width] >= longest[at + 1]) parts.push(["gone", [old[i++]]]);
    else parts.push(["new", [now[j++]]]);
  }
  return [...parts, ["gone", old.slice(i)], ["new", now.slice(j)]];
}

/** Neighbours of a kind become one; of a change, what is gone stands before what is new. A lone space between changes belongs to them. */
function join(parts) {
  const joined = [];
  let change = { gone: "", new: "" };
  const close = () => {
    for (const kind of ["gone", "new"]) if (change[kind]) joined.push([kind, change[kind]]);
    change = { gone: "", new: "" };
  };
  const flat = parts.map(([kind, words]) => [kind, words.join("")]).filter(([, text]) => text);
  flat.forEach(([kind, text], index) => {
    if (kind !== "same") change[kind] += text;
    else if (!text.trim() && index > 0 && index < flat.length - 1 && flat[index + 1][0] !== "same" && (change.gone || change.new)) {
      change.gone += text;
      change.new += text;
    } else {
      close();
      if (joined.at(-1)?.[0] === "same") joined.at(-1)[1] += text;
      else joined.push(["same", text]);
    }
  });
  close();
  return joined;
}

function diffView(before, after) {
  const tags = { gone: "del", new: "ins" };
  return compareWords(before, after).map(([kind, text]) => (kind === "same" ? text : element(tags[kind], {}, text)));
}
