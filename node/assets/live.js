// Keeps what a page shows of the link as it is: pages work without this file.
"use strict";

(() => {
  const EVERY_MS = 5000;
  const bar = document.getElementById("link-bar");
  const said = document.getElementById("link-said");

  // What stays the same is left alone, so that nothing moves and nothing is read twice.
  const renew = (fresh, id) => {
    const here = document.getElementById(id);
    const there = fresh.getElementById(id);
    if (here && there && here.innerHTML !== there.innerHTML) {
      here.replaceChildren(...there.childNodes);
    }
  };

  const look = async () => {
    const answer = await fetch("/link", { cache: "no-store" });
    if (!answer.ok) {
      return;
    }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const state = fresh.getElementById("link-bar").dataset.state;
    renew(fresh, "link-top");
    renew(fresh, "link-bar");
    // Minutes pass in silence; only another state is said aloud.
    if (state !== bar.dataset.state) {
      bar.dataset.state = state;
      const parts = document.querySelectorAll("#link-top p, #link-bar p");
      said.textContent = [...parts].map((part) => part.textContent.trim()).join(" ");
    }
  };

  // Scans of this dossier that are on their way.
  const lookForScans = async () => {
    if (!document.querySelector("#scans-list [data-coming]")) {
      return;
    }
    const answer = await fetch(location.href, { cache: "no-store" });
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      renew(fresh, "scans-list");
    }
  };

  // A program that is just starting again does not answer: the next time it will.
  const again = async () => {
    if (!document.hidden) {
      await look().catch(() => undefined);
      await lookForScans().catch(() => undefined);
    }
    setTimeout(again, EVERY_MS);
  };
  setTimeout(again, EVERY_MS);
})();
