// How a picture looks: its frame with the mask over it, its tile in the grid, its words. Text is never read as markup.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name in made && name !== "role") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export const label = (picture) => picture.details.title || picture.name.split("/").pop();

export function stateWords(picture) {
  if (!picture.decision) return "undecided";
  const { verdict, reason } = picture.decision;
  return verdict === "keep" ? `kept${reason ? `: ${reason}` : ""}` : `rejected: ${reason}`;
}

// A browser keeps six connections to a program, and a stranger's picture takes a while to decode: some stay free for
// decisions, and pictures that were passed by are left out.
const MOST_LOADING = 3;
const waiting = [];
let loading = 0;

function loadNext() {
  while (loading < MOST_LOADING && waiting.length) {
    const { image, address, wanted } = waiting.shift();
    if (!wanted()) continue;
    const done = () => { loading -= 1; loadNext(); };
    loading += 1;
    image.addEventListener("load", done, { once: true });
    image.addEventListener("error", done, { once: true });
    image.src = address;
  }
}

// `wanted(frame)` says, when its turn comes, whether the picture is still to be shown.
export function frame(picture, size, wanted) {
  const image = element("img", { alt: "", draggable: false });
  const made = element("span", { className: "frame" }, image);
  image.addEventListener("error", async () => {
    const answer = await fetch(image.src).then((said) => (said.ok ? {} : said.json())).catch(() => ({}));
    made.append(element("span", { className: "fault" }, `Cannot be shown. ${(answer.error ?? "").split("\n")[0]}`));
    image.remove();
  });
  waiting.push({ image, address: `previews/${size}/${picture.sha256}`, wanted: () => wanted(made) });
  queueMicrotask(loadNext);
  return made;
}

export function setMask(made, picture, shown) {
  made.querySelector(".mask")?.remove();
  if (shown) made.append(element("img", { alt: "", className: "mask", src: `masks/${picture.sha256}` }));
}

export function tile(picture, number) {
  const made = element("li", { role: "option", id: `tile-${number}`, tabIndex: -1 }, frame(picture, "small", (one) => one.isConnected),
    element("span", { className: "caption" }, element("span", {}, label(picture)),
      element("span", { className: "state" })));
  made.dataset.sha256 = picture.sha256;
  dressTile(made, picture);
  return made;
}

export function dressTile(made, picture) {
  const verdict = picture.decision?.verdict;
  made.className = verdict ?? "";
  made.querySelector(".state").textContent =
    verdict === "keep" ? "✓ kept" : verdict ? `✕ ${picture.decision.reason}` : picture.doubt === null ? "" : `doubt ${picture.doubt.toFixed(2)}`;
  made.setAttribute("aria-label", [label(picture), stateWords(picture),
    picture.contested === undefined ? "" : "contested",
    picture.doubt === null ? "" : `doubt ${picture.doubt.toFixed(2)}`].filter(Boolean).join(", "));
}

export function details(picture, maskWords) {
  const rows = { file: picture.name, cleaning: picture.cleaning, doubt: picture.doubt?.toFixed(2), mask: maskWords, ...picture.details,
    sha256: `${picture.sha256.slice(0, 20)} …` };
  return Object.entries(rows).filter(([, text]) => text).flatMap(([word, text]) => [
    element("dt", {}, word),
    element("dd", {}, word === "page" && /^https?:\/\//.test(text)
      ? element("a", { href: text, target: "_blank", rel: "noopener noreferrer" }, text) : text),
  ]);
}

export function duration(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
