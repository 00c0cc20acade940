// Keeps what is typed in a form on this machine, so that it outlives the tab.
"use strict";

globalThis.hosoDrafts = (() => {
  // A draft is saved so long after the first change that it lacks.
  const DRAFT_MS = 1000;

  // Keeps that form under the id, without the fields of the names in `left`. `kept` is told when
  // it was saved, such as 08:05; `failed`, that it was not. What is given back notes a change that
  // nobody typed.
  const keep = (form, { id, left, kept, failed }) => {
    let timer;
    let sending = false;
    const save = async (settings = {}) => {
      clearTimeout(timer);
      timer = undefined;
      const fields = [...new FormData(form)].filter(([name]) => !left.includes(name));
      try {
        const answer = await fetch(`/api/v1/drafts/${id}`, {
          method: "PUT",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ fields }),
          ...settings,
        });
        if (!answer.ok) throw new Error(String(answer.status));
        const { saved_at: at } = await answer.json();
        kept(at.slice(11, 16));
      } catch {
        if (!sending) failed();
      }
    };
    const changed = () => {
      timer ??= setTimeout(save, DRAFT_MS);
    };
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    // A form that is sent has nothing to keep: what it does not do, the program keeps.
    form.addEventListener("submit", () => {
      sending = true;
      clearTimeout(timer);
      timer = undefined;
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && timer && !sending) save({ keepalive: true });
    });
    window.addEventListener("pageshow", (event) => {
      if (event.persisted) sending = false;
    });
    return changed;
  };

  return { keep };
})();
