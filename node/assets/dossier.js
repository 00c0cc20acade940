// The forms of a dossier: pages work without this file.
"use strict";

(() => {
  // What belongs to the page and not to what is typed.
  const PAGES = ["_token", "_key", "kind", "base"];

  for (const form of document.querySelectorAll("form[data-draft]")) {
    const keeping = form.querySelector(".keeping");
    const { draft: id, draftSaved, draftFailed } = form.dataset;
    globalThis.hosoDrafts.keep(form, {
      id,
      left: PAGES,
      kept: (time) => {
        keeping.textContent = draftSaved.replace("%", time);
      },
      failed: () => {
        keeping.textContent = draftFailed;
      },
    });
  }
  // A tick takes the usual counts along, and a count ticks its paper.
  for (const line of document.querySelectorAll(".checklist .listed")) {
    const tick = line.querySelector("input[type=checkbox]");
    const usual = line.querySelector("[name$='.usual']").value.split(" ");
    const counts = [...line.querySelectorAll("input[inputmode=numeric]")];
    const isBlank = () => counts.every((count) => count.value.trim() === "");
    tick.addEventListener("change", () => {
      if (tick.checked && isBlank()) {
        counts.forEach((count, place) => {
          count.value = usual[place];
        });
      } else if (!tick.checked) {
        counts.forEach((count) => {
          count.value = "";
        });
      }
    });
    counts.forEach((count) => count.addEventListener("input", () => {
      tick.checked = !isBlank();
    }));
  }

  // The browser's own control for a file speaks its own language: ours stands for it.
  for (const input of document.querySelectorAll("input[type=file]")) {
    const pick = input.closest(".field").querySelector(".pick");
    const chosen = pick.querySelector(".chosen");
    const none = chosen.textContent;
    const show = () => {
      chosen.textContent = input.files[0]?.name ?? none;
    };
    input.classList.add("unseen");
    pick.hidden = false;
    input.addEventListener("change", show);
    // A browser that goes back remembers the file.
    show();
  }
})();
