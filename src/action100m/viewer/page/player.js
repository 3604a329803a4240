/* The video, in the tree's time: seconds from the first presented frame, while an element's currentTime may start elsewhere (offset). */

const NUDGE = 0.0005; // seconds; a cut lies on the first frame's own time, and rounding must not show the frame before

function createPlayer({ src, offset }, { onTime, onState }) {
  const video = element("video", { src, controls: true, playsinline: true, preload: "auto" });
  const loop = { segment: null, on: true, inside: false };

  function time() {
    return video.currentTime - offset;
  }

  function seek(seconds) {
    loop.inside = false;
    video.currentTime = Math.max(0, seconds + offset + NUDGE);
  }

  function play() {
    video.play().catch(() => onState(false)); // a browser may refuse before the first click
  }

  /** Jump back when the end is crossed from inside. Whoever seeks elsewhere with the video's own controls is left alone. */
  function keepLooping(seconds) {
    const { segment, on, inside } = loop;
    if (!segment || video.seeking) return;
    if (on && inside && !video.paused && seconds >= segment.end - NUDGE) seek(segment.start);
    else loop.inside = seconds >= segment.start - NUDGE && seconds < segment.end - NUDGE;
  }

  function restart() {
    if (!loop.on || !loop.segment || loop.segment.end < video.duration - offset - 0.5) return;
    seek(loop.segment.start);
    play();
  }

  function tick(seconds) {
    keepLooping(seconds);
    onTime(seconds);
  }

  function watchFrames() {
    video.requestVideoFrameCallback((_, frame) => {
      tick(frame.mediaTime - offset);
      watchFrames();
    });
  }

  if (video.requestVideoFrameCallback) watchFrames();
  else video.addEventListener("timeupdate", () => tick(time()));
  video.addEventListener("seeked", () => tick(time()));
  video.addEventListener("ended", restart);
  video.addEventListener("play", () => onState(true));
  video.addEventListener("pause", () => onState(false));
  video.addEventListener("error", () => video.replaceWith(notice("This browser cannot play the video file.")));

  return {
    view: video,
    time,
    seek,
    play,
    toggle: () => (video.paused ? play() : video.pause()),
    setLoop: (on) => (loop.on = on),
    setSegment: (segment) => Object.assign(loop, { segment, inside: false }),
  };
}

function notice(text, link = null) {
  return element("div", { class: "absent" }, element("p", {}, text), link);
}

/** Stands where the video would when its file is not at hand: keeps the time, and leads to the video's own page where there is one. */
function createAbsentPlayer({ link, reason }, { onTime }) {
  const anchor = link && element("a", { href: link, rel: "noopener noreferrer", target: "_blank" });
  const view = notice(reason, anchor);
  let now = 0;

  function seek(seconds) {
    now = seconds;
    if (anchor) {
      anchor.href = `${link}&t=${Math.floor(seconds)}s`;
      anchor.textContent = `Watch on YouTube at ${clock(seconds, 0)} ↗`;
    }
    onTime(now);
  }

  return { view, seek, time: () => now, play() {}, toggle() {}, setLoop() {}, setSegment() {} };
}
