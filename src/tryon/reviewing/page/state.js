// What the page knows: the pictures, which of them are listed, which one is current.

export const PAGE = 48;  // tiles of the grid at once
const OTHER_REASON = "unsuitable";

export const $ = (id) => document.getElementById(id);
export const state = {
  pictures: [], by: new Map(), view: [], cursor: 0, single: false, masks: false, revision: 0,
  undo: [], times: [], loaded: new Map(), maskStates: new Map(), order: "", drawnPage: null,
};

export const current = () => state.view[state.cursor];
export const isUndecided = (picture) => !picture.decision;
export const kind = (cleaning) => cleaning.split(":")[0];
export const SHOWN = {
  all: () => true, undecided: isUndecided, contested: (picture) => picture.contested !== undefined,
  kept: (picture) => picture.decision?.verdict === "keep", rejected: (picture) => picture.decision?.verdict === "reject",
};
// A reason of cleaning's own, not one that a person gave it.
const ownReason = (cleaning) => cleaning && !["passed", "decision"].includes(kind(cleaning));
export const suggested = (picture) => (ownReason(picture.cleaning) ? kind(picture.cleaning) : OTHER_REASON);
