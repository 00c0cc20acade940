// Reception by keyboard alone. The page works without this file; with it the slip is seen while
// typing, cards are scanned, known applicants are filled in and nothing that was typed is lost.
"use strict";

(() => {
  const form = document.getElementById("reception");
  const aside = document.getElementById("aside");
  const said = document.getElementById("said");
  // What was typed is asked about after a pause of so long.
  const PREVIEW_MS = 250;
  const PAPERS_MAX = 32;
  const PAPER_KEY = "hoso.paper";

  const field = (name) => form.elements.namedItem(name);
  const keeping = document.getElementById("keeping");
  const say = (text) => {
    said.textContent = text;
  };
  // The field of that name as it is seen: a combobox stands for its select.
  const seen = (name) => document.getElementById(`r-${name}`);
  const set = (name, value) => {
    const input = field(name);
    if (!input || value === undefined || value === null) return;
    input.value = value;
    if (input instanceof HTMLSelectElement) input.dispatchEvent(new Event("restored"));
  };
  const shownDay = (iso) => (/^\d{4}-\d{2}-\d{2}$/.test(iso ?? "")
    ? iso.split("-").reverse().join("/") : iso);
  const body = () => new URLSearchParams(new FormData(form));
  const api = async (path, settings) => {
    const response = await fetch(`/api/v1${path}`, settings);
    if (!response.ok) throw new Error(String(response.status));
    return response.status === 204 ? null : response.json();
  };

  // The slip beside the form.
  let previewTimer;
  let previewTurn = 0;
  const preview = async () => {
    const turn = ++previewTurn;
    const isOpen = aside.querySelector("details")?.open ?? false;
    try {
      const answer = await fetch("/receive/aside", { method: "POST", body: body() });
      const html = await answer.text();
      if (!answer.ok || turn !== previewTurn) return;
      const page = new DOMParser().parseFromString(html, "text/html");
      aside.replaceChildren(...page.body.childNodes);
      const details = aside.querySelector("details");
      if (details) details.open = isOpen;
    } catch {
      // The program is away for a moment: the next change asks again.
    }
  };
  const previewSoon = () => {
    clearTimeout(previewTimer);
    previewTimer = setTimeout(preview, PREVIEW_MS);
  };

  // What was typed, kept on this machine under the key of the form.
  const draft = `receive-${field("_key").value}`;
  let sending = false;
  const keepSoon = globalThis.hosoDrafts.keep(form, {
    id: draft,
    left: ["_token"],
    kept: (time) => {
      history.replaceState(null, "", `/receive?draft=${draft}`);
      keeping.textContent = form.dataset.draftSaved.replace("%", time);
    },
    failed: () => say(form.dataset.draftFailed),
  });
  const changed = () => {
    previewSoon();
    keepSoon();
  };
  form.addEventListener("input", previewSoon);
  form.addEventListener("change", previewSoon);

  // The papers of the procedure as a checklist.
  const lines = () => [...form.querySelectorAll(".papers .line")];
  const cells = (line) => [...line.querySelectorAll("input")];
  const addLine = () => {
    const all = lines();
    if (all.length >= PAPERS_MAX) return null;
    const last = all[all.length - 1];
    const line = last.cloneNode(true);
    const renamed = (text) => text.replace(/papers\.\d+/, `papers.${all.length}`);
    line.setAttribute("aria-label",
      line.getAttribute("aria-label").replace(/\d+/, String(all.length + 1)));
    line.querySelectorAll("label").forEach((label) => {
      label.htmlFor = renamed(label.htmlFor);
    });
    line.querySelectorAll(".problem").forEach((problem) => problem.remove());
    cells(line).forEach((cell) => {
      cell.id = renamed(cell.id);
      cell.name = renamed(cell.name);
      cell.value = "";
      cell.removeAttribute("aria-invalid");
      cell.removeAttribute("aria-describedby");
    });
    last.after(line);
    return line;
  };
  const markLines = () => {
    for (const line of lines()) {
      const [name, ...counts] = cells(line);
      const lacks = name.value !== "" && counts.every((count) => count.value === "0");
      line.classList.toggle("lacking", lacks);
    }
    const all = lines();
    if (cells(all[all.length - 1])[0].value !== "") addLine();
  };
  let filledFor = "";
  const fillPapers = async () => {
    const code = field("procedure_code").value;
    const touched = lines().some((line) => cells(line)[0].value !== "");
    if (code === "" || (touched && filledFor === "")) return;
    const sent = body();
    sent.set("_do", "fill");
    const answer = await fetch("/receive", { method: "POST", body: sent });
    if (!answer.ok || field("procedure_code").value !== code) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const filled = [...page.querySelectorAll(".papers .line")].map(cells);
    while (lines().length < filled.length && addLine());
    lines().forEach((line, place) => cells(line).forEach((cell, at) => {
      cell.value = filled[place]?.[at].getAttribute("value") ?? "";
    }));
    filledFor = code;
    markLines();
    changed();
  };

  // Who has been here before.
  const parties = [...document.querySelectorAll("[data-party]")].map((box) => box.dataset.party);
  const partyOf = (element) => element?.closest?.("[data-party]")?.dataset.party ?? "applicant";
  const PARTS = ["id_number", "name", "birth_date", "phone", "address", "email", "kind"];
  const fillParty = (party, known, overwrite) => {
    for (const part of PARTS) {
      const input = field(`${party}.${part}`);
      const value = part === "birth_date" ? shownDay(known[part]) : known[part];
      if (input && value && (overwrite || input.value === "" || part === "kind")) {
        set(`${party}.${part}`, value);
      }
    }
    changed();
  };
  const focusNext = (party) => {
    const free = PARTS.map((part) => seen(`${party}.${part}`)).find((input) => input?.value === "");
    (free ?? seen(`${party}.address`) ?? seen(`${party}.name`)).focus();
  };
  const ask = async (text) => {
    try {
      return (await api(`/applicants?q=${encodeURIComponent(text)}`)).items;
    } catch {
      return [];
    }
  };
  const option = (person) => ({
    label: person.name, person,
    more: [person.id_number, shownDay(person.birth_date), person.phone, person.address]
      .filter(Boolean).join(" · "),
  });
  const took = (party, { person }) => {
    fillParty(party, person, true);
    say(form.dataset.known.replace("%", person.name));
    focusNext(party);
  };
  for (const party of parties) {
    for (const part of ["id_number", "name"]) {
      const input = seen(`${party}.${part}`);
      const find = async (text) => {
        if (text.trim().length < 3) return [];
        return (await ask(text)).map(option);
      };
      globalThis.hosoCombobox.attach(input, { find, choose: (one) => took(party, one), eager: false });
    }
    // A whole number that is known here needs no choice.
    seen(`${party}.id_number`).addEventListener("input", async (event) => {
      const number = event.target.value.trim();
      if (!/^\d{9}(\d{3})?$/.test(number)) return;
      const found = (await ask(number)).filter((person) => person.id_number === number);
      if (found.length === 0 || event.target.value.trim() !== number) return;
      fillParty(party, found[0], false);
      say(form.dataset.known.replace("%", found[0].name));
    });
  }

  // Cards of identity.
  seen("applicant.id_number").dataset.scan = "";
  globalThis.hosoScanner.listen(async (card, from) => {
    if (card === null) {
      say(form.dataset.scanFailed);
      return;
    }
    const party = partyOf(from);
    const details = document.querySelector(`details [data-party="${party}"]`);
    if (details) details.closest("details").open = true;
    fillParty(party, party === "representative" ? card : { ...card, kind: "person" }, true);
    say(form.dataset.scanned.replace("%", card.name));
    focusNext(party);
    const known = (await ask(card.id_number)).find((one) => one.id_number === card.id_number);
    if (known && field(`${party}.id_number`).value === card.id_number) {
      fillParty(party, known, false);
      if (document.activeElement?.value !== "") focusNext(party);
    }
  });

  // Procedure and places are found by typing.
  const procedures = async (text) => {
    try {
      const { items } = await api(`/procedures?q=${encodeURIComponent(text)}`);
      return items.map((procedure) => procedure.code);
    } catch {
      return [];
    }
  };
  globalThis.hosoCombobox.overSelect(field("procedure_code"), procedures);
  for (const name of ["competent_unit", "return_unit"]) {
    globalThis.hosoCombobox.overSelect(field(name));
  }
  field("procedure_code").addEventListener("change", () => {
    fillPapers();
    seen("applicant.id_number").focus();
  });
  form.querySelector(".papers").addEventListener("input", markLines);

  // Saving once, and printing.
  const paper = field("_paper");
  try {
    paper.value = localStorage.getItem(PAPER_KEY) ?? paper.value;
  } catch {
    // Nothing can be remembered here: the usual paper is offered.
  }
  form.addEventListener("keydown", (event) => {
    const isLine = event.target instanceof HTMLInputElement;
    if (event.key === "Enter" && isLine && !event.defaultPrevented && !event.isComposing) {
      // Enter saves; it must not press the first button of the form, which fills in papers.
      event.preventDefault();
      form.requestSubmit(form.querySelector('button[value="save"]'));
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "F4" && !event.altKey && !event.ctrlKey) {
      event.preventDefault();
      form.requestSubmit(form.querySelector('button[value="print"]'));
    }
  });
  form.addEventListener("submit", (event) => {
    if (sending) {
      event.preventDefault();
      return;
    }
    sending = true;
    say(form.dataset.sending);
    try {
      localStorage.setItem(PAPER_KEY, paper.value);
      if (event.submitter?.value === "print") sessionStorage.setItem("hoso.print", "once");
    } catch {
      // The slip is printed by hand then.
    }
  });
  // Whoever comes back with the browser's button may send the same form: it is one dossier.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) sending = false;
  });

  document.documentElement.classList.add("scripted");
  markLines();
  const summary = document.getElementById("summary");
  if (summary) summary.focus();
  else if (field("procedure_code").value === "") seen("procedure_code").focus();
  else focusNext("applicant");
})();
