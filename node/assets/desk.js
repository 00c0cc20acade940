// The keys of the desk: pages work without this file.
"use strict";

(() => {
  const SWITCH = "hoso.keys";
  const keys = document.getElementById("keys");
  const singleKeys = document.getElementById("keys-switch");

  // A page may be open where nothing can be remembered: the keys are on then.
  const remembered = () => {
    try {
      return localStorage.getItem(SWITCH) !== "off";
    } catch {
      return true;
    }
  };
  const remember = (on) => {
    try {
      localStorage.setItem(SWITCH, on ? "on" : "off");
    } catch {
      return;
    }
  };

  const isTyping = (target) =>
    target instanceof Element &&
    target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea") !== null;
  const find = () => document.getElementById("find");

  // Rows that can be seen: the list beside a dossier is hidden on narrow screens.
  const rows = () =>
    [...document.querySelectorAll("a.row")].filter((row) => row.offsetParent !== null);

  const move = (by) => {
    const all = rows();
    const from = all.indexOf(document.activeElement);
    const shown = all.findIndex((row) => row.hasAttribute("aria-current"));
    const at = from >= 0 ? from + by : shown >= 0 ? shown + by : by > 0 ? 0 : all.length - 1;
    const row = all[Math.max(0, Math.min(all.length - 1, at))];
    if (row) {
      row.focus();
      row.scrollIntoView({ block: "nearest" });
    }
  };

  const focusFind = () => {
    const field = find();
    if (field) {
      field.focus();
      field.select();
    }
    return field !== null;
  };

  const actions = {
    j: () => move(1),
    k: () => move(-1),
    n: () => document.querySelector('[aria-keyshortcuts="n"]')?.click(),
    "/": focusFind,
    "?": () => keys.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && !event.altKey && event.key.toLowerCase() === "k") {
      if (focusFind()) {
        event.preventDefault();
      }
      return;
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    const action = Object.hasOwn(actions, event.key) ? actions[event.key] : null;
    if (!action || !plain || keys.open || isTyping(event.target)) {
      return;
    }
    if (event.key !== "?" && !remembered()) {
      return;
    }
    event.preventDefault();
    action();
  });

  const show = document.getElementById("keys-show");
  show.hidden = false;
  show.addEventListener("click", () => keys.showModal());
  singleKeys.checked = remembered();
  singleKeys.addEventListener("change", () => remember(singleKeys.checked));

  // What is wrong is read first.
  document.querySelector('.notice[role="alert"][tabindex]')?.focus();
  // The chosen row is in sight beside its dossier.
  const chosen = document.querySelector(".beside [aria-current]");
  if (chosen && chosen.offsetParent !== null) {
    chosen.scrollIntoView({ block: "nearest" });
  }
})();
