/* A video's page that a server sent: what plays it, what is doubtful, and the marks of other tabs come when they are asked for. */

const { served } = record;

async function askForPlayer() {
  try {
    const found = await ask(`/player?uid=${uid}`);
    setPlayer(found.src ? { ...found, src: `/media?uid=${uid}` } : { link: record.player.link, ...found });
    if (found.wait) setTimeout(askForPlayer, 700);
  } catch (error) {
    setPlayer({ link: record.player.link, reason: `The server does not answer: ${error.message}` });
  }
}

async function askForDoubts() {
  try {
    const found = await ask(`/doubts?uid=${uid}`);
    setDoubts(found.flags);
    setRounds(found.rounds);
  } catch (error) {
    tell(error.message);
  }
}

/** Another tab may have marked meanwhile. */
async function askForMarks() {
  try {
    if (!editing) setMarks(await ask(`/marks?uid=${uid}`));
  } catch (error) {
    tell(error.message);
  }
}

function leadTo(id, link) {
  if (link) byId(id).href = link;
  byId(id).hidden = !link;
}

document.body.classList.add("served");
leadTo("video-before", served.before);
leadTo("video-after", served.after);
ACTIONS["["] = () => served.before && byId("video-before").click();
ACTIONS["]"] = () => served.after && byId("video-after").click();
window.addEventListener("focus", askForMarks);
setMarks(served.marks);
if (record.player.ask) askForPlayer();
askForDoubts();
