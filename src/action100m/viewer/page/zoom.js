/* Which stretch of the video the timeline shows: its track is widened and scrolled, so that panning is plain scrolling. */

const SHORTEST_VIEW = 0.1; // seconds
const WIDEST_TRACK = 8e6; // pixels; browsers stop laying out at 2^25

function createZoom(scroller, track, root, { onChange }) {
  const total = root.end - root.start;
  let view = { from: root.start, to: root.end };
  let flight = 0;

  function clamp({ from, to }) {
    const shortest = Math.max(SHORTEST_VIEW, (total * scroller.clientWidth) / WIDEST_TRACK);
    const length = Math.min(total, Math.max(shortest, to - from));
    const start = Math.min(Math.max((from + to - length) / 2, root.start), root.end - length);
    return { from: start, to: start + length };
  }

  function show(wanted) {
    view = clamp(wanted);
    const scale = total / (view.to - view.from);
    track.style.width = `${100 * scale}%`;
    scroller.scrollLeft = ((view.from - root.start) / total) * scale * scroller.clientWidth;
    onChange(view);
  }

  function glide(wanted) {
    cancelAnimationFrame(flight);
    flight = 0;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return show(wanted);
    const [source, target, began] = [view, clamp(wanted), performance.now()];
    const step = (now) => {
      const share = Math.min(1, Math.max(0, (now - began) / 220));
      const eased = 1 - (1 - share) ** 3;
      const between = (a, b) => a + (b - a) * eased;
      show({ from: between(source.from, target.from), to: between(source.to, target.to) });
      flight = share < 1 ? requestAnimationFrame(step) : 0;
    };
    flight = requestAnimationFrame(step);
  }

  /** After the reader scrolled. */
  function follow() {
    if (flight) return;
    const length = view.to - view.from;
    const from = root.start + (scroller.scrollLeft / track.clientWidth) * total;
    view = { from, to: from + length };
    onChange(view);
  }

  function around(seconds, factor) {
    show({ from: seconds - (seconds - view.from) * factor, to: seconds + (view.to - seconds) * factor });
  }

  /** Pinch, or wheel with Ctrl: zoom about the pointer. */
  function pinch(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    const share = (event.clientX - scroller.getBoundingClientRect().left) / scroller.clientWidth;
    around(view.from + share * (view.to - view.from), Math.exp(event.deltaY / 300));
  }

  scroller.addEventListener("scroll", follow, { passive: true });
  scroller.addEventListener("wheel", pinch, { passive: false });
  new ResizeObserver(() => show(view)).observe(scroller);

  return {
    whole: () => glide({ from: root.start, to: root.end }),
    to: ({ start, end }) => glide({ from: start - (end - start) * 0.08, to: end + (end - start) * 0.08 }),
    closer: (node, factor) => {
      const middle = (node.start + node.end) / 2;
      const half = ((view.to - view.from) / 2) * factor;
      glide({ from: middle - half, to: middle + half });
    },
    /** Move, without changing the scale, until a segment is seen. */
    reveal: ({ start, end }) => {
      if (start < view.to && end > view.from) return;
      const shift = (start + end) / 2 - (view.from + view.to) / 2;
      glide({ from: view.from + shift, to: view.to + shift });
    },
  };
}
