// The review page: lists, decisions, what the program says, and what each key does.

import { element, label, stateWords } from "./drawing.js";
import { ask, Saver } from "./saving.js";
import { draw, drawAside, drawProgress, drawSingle, redraw } from "./showing.js";
import { $, current, isUndecided, kind, PAGE, SHOWN, state, suggested } from "./state.js";

const MOST_UNDO = 1000;
const POLL_MS = 2000;
const SAID_MS = 6000;

let saver;

// What is listed

function list(wanted) {
  const [why, cleaning] = [$("why").value, $("cleaning").value];
  state.view = state.pictures.filter((picture) => SHOWN[$("show").value](picture)
    && (!why || picture.decision?.reason === why) && (!cleaning || kind(picture.cleaning) === cleaning));
  state.cursor = Math.max(0, state.view.indexOf(wanted));
  state.drawnPage = null;
  draw();
}

function fillChoices(select, values) {
  const chosen = select.value;
  select.replaceChildren(element("option", { value: "" }, "any"), ...values.map((value) => element("option", { value }, value)));
  select.value = values.includes(chosen) ? chosen : "";
}

function refreshReasons() {
  const given = state.pictures.filter((picture) => picture.decision?.reason).map((picture) => picture.decision.reason);
  const values = [...new Set(given)].sort();
  if (values.join() !== [...$("why").options].slice(1).map((option) => option.value).join()) fillChoices($("why"), values);
}

// Deciding

function decide(verdict, reason) {
  const picture = current();
  if (!picture) return;
  const after = { verdict, reason, person: state.person };
  const before = picture.decision;
  if (before && before.verdict === verdict && before.reason === reason && picture.contested === undefined) {
    move(state.cursor + 1);
    return;
  }
  state.undo.push({ sha256: picture.sha256, before, after });
  state.undo.splice(0, Math.max(0, state.undo.length - MOST_UNDO));
  state.times.push(Date.now());
  take(picture, before, after);
  say(`${label(picture)}: ${stateWords(picture)}`);
  advance();
}

function take(picture, before, after) {
  picture.decision = after;
  delete picture.contested;
  redraw(picture);
  saver.push({ sha256: picture.sha256, before, after });
  sessionStorage.setItem(state.undoKey, JSON.stringify(state.undo));
  refreshReasons();
}

function advance() {
  if ($("show").value !== "undecided") {
    move(state.cursor + 1);
    return;
  }
  if (!nextUndecided()) {
    draw();
    const left = state.pictures.filter(isUndecided).length;
    say(left ? `The end of this list; ${left} undecided elsewhere` : "Everything is decided");
  }
}

function nextUndecided() {
  const after = state.view.findIndex((picture, index) => index > state.cursor && isUndecided(picture));
  const found = after >= 0 ? after : state.view.findIndex(isUndecided);
  if (found >= 0) move(found);
  return found >= 0;
}

function undo() {
  const step = state.undo.pop();
  if (!step) {
    say("There is nothing to undo");
    return;
  }
  const picture = state.by.get(step.sha256);
  if (same(picture.decision, step.after)) {
    state.times.pop();
    take(picture, step.after, step.before);
    say(`Undone: ${label(picture)} is ${stateWords(picture)} again`);
  } else {
    say(`Not undone: ${label(picture)} was decided elsewhere meanwhile`);
  }
  if (!state.view.includes(picture)) {
    state.view.splice(state.cursor, 0, picture);
    state.drawnPage = null;
  }
  move(state.view.indexOf(picture));
}

const same = (one, other) => JSON.stringify(one && [one.verdict, one.reason, one.person]) === JSON.stringify(other && [other.verdict, other.reason, other.person]);

// What the program says

function learn(answer) {
  const news = answer.revision !== state.revision || Object.keys(answer.contested).length !== state.pictures.filter(SHOWN.contested).length;
  state.revision = answer.revision;
  for (const [sha256, decision] of Object.entries(answer.decisions)) {
    if (saver.concerns(sha256)) continue;
    const picture = state.by.get(sha256);
    picture.decision = decision;
    redraw(picture);
  }
  for (const picture of state.pictures) delete picture.contested;
  for (const [sha256, decision] of Object.entries(answer.contested)) {
    if (!saver.concerns(sha256)) state.by.get(sha256).contested = decision;
  }
  $("problem").hidden = !answer.problem && !answer.model;
  $("problem").textContent = [answer.problem && `Decisions are safe, but not in the file yet: ${answer.problem}`, answer.model && `No masks by the model: ${answer.model}`].filter(Boolean).join("\n");
  $("order").textContent = `${state.pictures.length} pictures, ${state.order}${answer.scored ? `; the model saw ${answer.scored}` : ""}.`;
  drawProgress();
  if (!news) return;  // what has the focus stays as it is
  refreshReasons();
  drawAside();
  if (current() && state.single) drawSingle();
}

function answered(answer, steps) {
  const lost = steps.filter((_, index) => !answer.held[index]);
  learn(answer);
  state.undo = state.undo.filter((step) => !lost.some((gone) => gone.sha256 === step.sha256 && same(gone.after, step.after)));
  for (const step of lost) say(`Not taken: ${label(state.by.get(step.sha256))} was decided elsewhere meanwhile. Decide again to overrule.`);
}

function showSaving(count, fault) {
  $("saved").className = fault ? "waiting" : "";
  $("saved").textContent = fault ? `Not saved: ${count} wait – ${fault}` : count ? `Saving ${count} …` : "All saved";
}

async function poll() {
  if (!document.hidden && !saver.waiting) {
    await ask(`changes?since=${state.revision}`).then((answer) => { learn(answer); showSaving(saver.waiting, ""); },
      (error) => showSaving(saver.waiting, error instanceof TypeError ? "the program cannot be reached" : error.message));
  }
  setTimeout(poll, POLL_MS);
}

async function load() {
  const said = await ask("pictures");
  for (const picture of said.pictures) {
    if (said.contested[picture.sha256] !== undefined) picture.contested = said.contested[picture.sha256];
    const known = state.by.get(picture.sha256);
    if (known && saver.concerns(picture.sha256)) picture.decision = known.decision;
  }
  Object.assign(state, { pictures: said.pictures, person: said.person, reasons: said.reasons, revision: said.revision,
    order: said.order, by: new Map(said.pictures.map((picture) => [picture.sha256, picture])), loaded: new Map(), maskStates: new Map() });
  fillChoices($("cleaning"), [...new Set(said.pictures.map((picture) => kind(picture.cleaning)))].filter(Boolean).sort());
  $("cleaned").hidden = $("cleaning").length < 2;
  $("folder").textContent = said.folder;
  $("order").textContent = `${said.pictures.length} pictures, ${said.order}.`;
  document.title = `Review ${said.folder}`;
  refreshReasons();
  return said;
}

// Moving, and the keys

function move(place) {
  if (!state.view.length) return;
  state.cursor = Math.min(Math.max(place, 0), state.view.length - 1);
  draw();
  if (document.activeElement?.closest("#grid, #single") || document.activeElement === document.body) focusCurrent();
}

function focusCurrent() {
  (state.single ? $("single") : $("grid").children[state.cursor % PAGE])?.focus({ preventScroll: true });
  if (state.single) $("single").scrollIntoView({ block: "nearest" });
}

function columns() {
  const tiles = [...$("grid").children];
  return Math.max(1, tiles.filter((made) => made.offsetTop === tiles[0].offsetTop).length);
}

function say(words) {
  $("said").textContent = words;
  clearTimeout(state.sayTimer);
  state.sayTimer = setTimeout(() => { $("said").textContent = ""; }, SAID_MS);
}

function toggleView() {
  state.single = !state.single;
  draw();
  focusCurrent();
}

function toggleMasks() {
  state.masks = !state.masks;
  $("toggle-mask").setAttribute("aria-pressed", state.masks);
  draw();
}

function showNext() {
  const choices = ["undecided", "kept", "rejected", "all"];
  $("show").value = choices[(choices.indexOf($("show").value) + 1) % choices.length];
  list(current());
  say(`${state.view.length} pictures: ${$("show").value}`);
}

async function reorder() {
  const sha256 = current()?.sha256;
  await load();
  list(state.by.get(sha256));
}

function ownWords() {
  if (!current()) return;
  $("text").value = current().decision?.reason ?? "";
  $("words").showModal();
  $("text").select();
}

const row = () => (state.single ? 1 : columns());
const ARROWS = {
  ArrowRight: () => move(state.cursor + 1), ArrowLeft: () => move(state.cursor - 1),
  ArrowDown: () => move(state.cursor + row()), ArrowUp: () => move(state.cursor - row()),
  Home: () => move(0), End: () => move(state.view.length - 1),
  PageDown: () => move(state.cursor + PAGE), PageUp: () => move(state.cursor - PAGE),
};
const LETTERS = {
  k: () => decide("keep", ""), x: () => current() && decide("reject", suggested(current())), u: undo, t: ownWords,
  n: () => nextUndecided() || say("Nothing undecided is left in this list"), v: toggleView, m: toggleMasks,
  f: showNext, o: reorder, "?": () => $("keys").showModal(),
};

function onKey(event) {
  if (event.target.closest("dialog, input") || event.altKey || event.metaKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey) {
    if (key === "z") { event.preventDefault(); undo(); }
    return;
  }
  const onControl = event.target.closest("button, select, a");
  let action = event.target.closest("select") ? undefined : ARROWS[key];
  if ((key === "Enter" && !onControl) || (key === "Escape" && state.single)) action = toggleView;
  if ($("single-keys").checked && !event.target.closest("select")) {
    action ??= LETTERS[key] ?? (/^[1-9]$/.test(key) && state.reasons[key - 1] ? () => decide("reject", state.reasons[key - 1]) : undefined);
  }
  if (!action) return;
  event.preventDefault();
  if (!event.repeat || ARROWS[key]) action();  // a key held down decides once
}

function listen() {
  document.addEventListener("keydown", onKey);
  const clicks = { keep: LETTERS.k, reject: LETTERS.x, undo, "own-words": ownWords, "toggle-view": toggleView, "toggle-mask": toggleMasks,
    "show-keys": LETTERS["?"], reorder, "page-back": ARROWS.PageUp, "page-on": ARROWS.PageDown };
  for (const [id, action] of Object.entries(clicks)) $(id).addEventListener("click", () => action());
  for (const id of ["show", "why", "cleaning"]) $(id).addEventListener("change", () => list(current()));
  $("grid").addEventListener("click", (event) => {
    const made = event.target.closest("li");
    if (!made) return;
    const place = state.drawnPage * PAGE + [...$("grid").children].indexOf(made);
    if (place === state.cursor) toggleView();
    else move(place);
    focusCurrent();
  });
  // On submit, not on close: that comes later, when a fast typist has opened the dialog again.
  $("words").firstElementChild.addEventListener("submit", (event) => {
    const [verdict, text] = [event.submitter.value, $("text").value.trim()];
    if (verdict === "keep" || (verdict === "reject" && text)) decide(verdict, text);
  });
  $("words").addEventListener("close", focusCurrent);
  $("keys").addEventListener("close", () => {
    localStorage.setItem("tryon.single-keys", $("single-keys").checked ? "on" : "off");
    focusCurrent();
  });
}

const said = await load();
state.undoKey = `tryon.undo.${said.review}`;
state.undo = JSON.parse(sessionStorage.getItem(state.undoKey) ?? "[]").filter((step) => state.by.has(step.sha256));
$("single-keys").checked = localStorage.getItem("tryon.single-keys") !== "off";
saver = new Saver(said.review, { since: () => state.revision, answered, changed: showSaving });
$("reasons").replaceChildren(...said.reasons.map((reason, index) => {
  const made = element("button", { type: "button" }, element("kbd", {}, String(index + 1)), reason);
  made.addEventListener("click", () => decide("reject", reason));
  return made;
}));
if (!state.pictures.some(isUndecided)) $("show").value = "all";
for (const step of await saver.adopt()) if (state.by.has(step.sha256)) state.by.get(step.sha256).decision = step.after;
listen();
list(state.pictures[0]);
focusCurrent();
showSaving(saver.waiting, "");
setTimeout(poll, POLL_MS);
