// What is on the screen: the grid or the single view with their masks, the panel beside it, the progress above.

import { details, dressTile, duration, frame, label, setMask, stateWords, tile } from "./drawing.js";
import { ask } from "./saving.js";
import { $, current, isUndecided, PAGE, SHOWN, state, suggested } from "./state.js";

const AHEAD = 3;  // pictures loaded before they are reached
const MASK_POLL_MS = 700;
const RATE_MS = 60_000;

export function draw() {
  const there = state.view.length > 0;
  $("grid").hidden = state.single || !there;
  $("single").hidden = !state.single || !there;
  $("paging").hidden = state.single || state.view.length <= PAGE;
  for (const id of ["keep", "reject", "own-words", "toggle-view"]) $(id).disabled = !there;
  for (const made of $("reasons").children) made.disabled = !there;
  $("empty").hidden = there;
  $("empty").textContent = `No picture is ${$("show").value === "all" ? "like that" : $("show").value} here. F shows others.`;
  $("toggle-view").firstElementChild.textContent = state.single ? "Grid" : "Single view";
  if (there) {
    if (state.single) drawSingle();
    else drawGrid();
    wantMasks();
  }
  if (!there) $("grid").replaceChildren();
  drawAside();
  drawProgress();
}

function drawGrid() {
  const page = Math.floor(state.cursor / PAGE);
  if (state.drawnPage !== page) {
    state.drawnPage = page;
    $("grid").replaceChildren(...state.view.slice(page * PAGE, (page + 1) * PAGE).map((picture, index) => tile(picture, index)));
    const pages = Math.ceil(state.view.length / PAGE);
    $("page-words").textContent = `Page ${page + 1} of ${pages}`;
    $("page-back").disabled = page === 0;
    $("page-on").disabled = page === pages - 1;
  }
  for (const [index, made] of [...$("grid").children].entries()) {
    const chosen = index === state.cursor % PAGE;
    made.setAttribute("aria-selected", chosen);
    made.tabIndex = chosen ? 0 : -1;
    if (chosen) made.scrollIntoView({ block: "nearest" });
  }
}

export function drawSingle() {
  const ahead = state.view.slice(state.cursor, state.cursor + 1 + AHEAD);
  for (const picture of ahead) {
    if (!state.loaded.has(picture)) state.loaded.set(picture, frame(picture, "large", (made) => state.loaded.get(picture) === made));
  }
  for (const picture of state.loaded.keys()) if (!ahead.includes(picture)) state.loaded.delete(picture);
  const made = state.loaded.get(current());
  if (made.parentElement !== $("single")) $("single").replaceChildren(made);
  made.querySelector("img")?.setAttribute("alt", label(current()));
  $("single").className = current().decision?.verdict ?? "";
  $("single").setAttribute("aria-label", `${label(current())}, ${stateWords(current())}`);
}

export function drawAside() {
  const picture = current();
  $("contest").hidden = picture?.contested === undefined;
  $("details").hidden = !picture;
  if (!picture) {
    $("name").textContent = "No picture is listed";
    $("verdict").textContent = "";
    return;
  }
  $("name").textContent = label(picture);
  $("verdict").textContent = `${stateWords(picture)}${picture.decision ? ` (${picture.decision.person})` : ""}`;
  $("verdict").className = picture.decision?.verdict ?? "";
  $("contest").textContent = picture.contested === undefined ? "" : `Contested: “${stateWords({ decision: picture.contested })}” was decided here, the file was changed to the above meanwhile. Decide again.`;
  $("reject").firstChild.textContent = `Reject: ${suggested(picture)} `;
  $("details").replaceChildren(...details(picture, state.masks ? state.maskStates.get(picture)?.words : ""));
}

export function drawProgress() {
  const [all, kept] = [state.pictures.length, state.pictures.filter(SHOWN.kept).length];
  const left = state.pictures.filter(isUndecided).length;
  const contested = state.pictures.filter(SHOWN.contested).length;
  const now = Date.now();
  state.times = state.times.filter((time) => now - time < RATE_MS);
  const minutes = Math.max(now - (state.times[0] ?? now), 1000) / 60_000;
  const rate = state.times.length > 2 ? state.times.length / minutes : 0;
  $("bar").max = all;
  $("bar").value = all - left;
  $("counts").textContent = [`${all - left} of ${all} decided`, `${kept} kept`, `${all - left - kept} rejected`,
    contested ? `${contested} contested` : "",
    rate ? `${Math.round(rate)} a minute` : "", rate && left ? `${duration(60 * left / rate)} left` : ""].filter(Boolean).join(" · ");
  $("undo").disabled = !state.undo.length;
}

export function redraw(picture) {
  const made = [...$("grid").children].find((one) => one.dataset.sha256 === picture.sha256);
  if (made) dressTile(made, picture);
}

// Masks

async function wantMasks() {
  clearTimeout(state.maskTimer);
  const start = state.single ? state.cursor : Math.floor(state.cursor / PAGE) * PAGE;
  const visible = state.view.slice(start, start + (state.single ? 1 + AHEAD : PAGE));
  for (const picture of visible) showMask(picture);
  if (!state.masks) return;
  const unknown = [current(), ...visible].filter((picture) => (state.maskStates.get(picture)?.state ?? "waiting") === "waiting");
  if (!unknown.length) return;
  const asked = [...new Set(unknown)];
  const told = await ask("masks", { pictures: asked.map((picture) => picture.sha256) }).catch(() => ({}));
  for (const picture of asked) if (told[picture.sha256]) state.maskStates.set(picture, told[picture.sha256]);
  for (const picture of asked) showMask(picture);
  drawAside();
  if (asked.some((picture) => state.maskStates.get(picture)?.state !== "ready" && state.maskStates.get(picture)?.state !== "none")) {
    clearTimeout(state.maskTimer);
    state.maskTimer = setTimeout(wantMasks, MASK_POLL_MS);
  }
}

function showMask(picture) {
  const shown = state.masks && state.maskStates.get(picture)?.state === "ready";
  const tiles = [...$("grid").children].filter((one) => one.dataset.sha256 === picture.sha256);
  for (const made of [state.loaded.get(picture), ...tiles].filter(Boolean)) {
    const place = made.querySelector(".frame") ?? made;
    if (shown !== Boolean(place.querySelector(".mask"))) setMask(place, picture, shown);
  }
}
