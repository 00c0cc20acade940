// A field with a list of what it may mean (the combobox pattern of ARIA).
"use strict";

globalThis.hosoCombobox = (() => {
  // As many are shown at once.
  const SHOWN = 12;
  // What is not found here is asked for after a pause of so long.
  const ASK_MS = 200;

  // Without tone marks, case and đ, as the search of the records folds.
  const folded = (text) =>
    text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[đð]/gu, "d");
  const words = (text) => folded(text).split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");

  // Attaches a list to an input. `find(text)` gives or promises options `{label, more}`;
  // `choose(option)` is told what was taken.
  const attach = (input, { find, choose, eager }) => {
    const list = document.createElement("ul");
    const box = document.createElement("div");
    box.className = "combobox";
    input.before(box);
    box.closest(".field")?.classList.add("wide");
    box.append(input, list);
    list.id = `${input.id}-list`;
    list.className = "listbox";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", document.querySelector(`label[for="${input.id}"]`).textContent);
    list.hidden = true;
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id,
      "aria-expanded": "false", spellcheck: "false",
    })) input.setAttribute(name, value);

    let options = [];
    let active = -1;
    let asked = 0;
    // Enter while the answer is still to come takes the first of it.
    let looking = false;
    let takesFirst = false;

    const close = () => {
      looking = false;
      list.hidden = true;
      options = [];
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const mark = (at) => {
      active = at;
      [...list.children].forEach((item, place) =>
        item.setAttribute("aria-selected", String(place === at)));
      const item = list.children[at];
      if (item) {
        input.setAttribute("aria-activedescendant", item.id);
        item.scrollIntoView({ block: "nearest" });
      } else input.removeAttribute("aria-activedescendant");
    };
    const show = (found) => {
      options = found.slice(0, SHOWN);
      list.replaceChildren(...options.map((option, place) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${place}`;
        item.setAttribute("role", "option");
        item.textContent = option.label;
        if (option.more) {
          const more = document.createElement("small");
          more.textContent = option.more;
          item.append(more);
        }
        return item;
      }));
      list.hidden = options.length === 0;
      input.setAttribute("aria-expanded", String(options.length > 0));
      mark(eager && options.length > 0 ? 0 : -1);
    };
    const look = async () => {
      const turn = ++asked;
      looking = true;
      takesFirst = false;
      const found = await find(input.value);
      if (turn !== asked) return;
      looking = false;
      if (document.activeElement !== input) return;
      show(found);
      if (takesFirst && active >= 0) take(active);
    };
    const take = (at) => {
      const option = options[at];
      asked += 1;
      close();
      choose(option);
    };

    input.addEventListener("input", look);
    input.addEventListener("blur", () => {
      asked += 1;
      close();
    });
    input.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const open = !list.hidden;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!open) look();
        else {
          const step = event.key === "ArrowDown" ? 1 : -1;
          const from = active < 0 && step < 0 ? 0 : active;
          mark((from + step + options.length) % options.length);
        }
      } else if (open && active >= 0 && (event.key === "Enter" || event.key === "Tab")) {
        if (event.key === "Enter") event.preventDefault();
        take(active);
      } else if (eager && looking && event.key === "Enter") {
        event.preventDefault();
        takesFirst = true;
      } else if (open && event.key === "Escape") {
        event.preventDefault();
        close();
      }
    });
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const item = event.target.closest("li");
      if (item) take([...list.children].indexOf(item));
    });
    return { close };
  };

  // Replaces what is seen of a select by a combobox over its options; the select keeps the value.
  // `ask(text)` promises the values that the node's own search finds; it is asked for what is not
  // found here, such as a word typed while no Vietnamese keyboard is on.
  const overSelect = (select, ask) => {
    const input = document.createElement("input");
    input.type = "text";
    input.id = select.id;
    input.autocomplete = "off";
    for (const name of ["aria-describedby", "aria-invalid"]) {
      if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name));
    }
    if (select.required) input.setAttribute("aria-required", "true");
    select.required = false;
    select.id = `${input.id}-value`;
    select.hidden = true;
    select.before(input);
    const first = select.options[0];
    const all = [...select.options].slice(1).map((option) => ({
      label: option.textContent, value: option.value, text: folded(option.textContent),
      words: words(option.textContent), digits: option.value.replace(/\D/g, ""),
    }));
    const shown = () => (select.selectedIndex > 0 ? select.selectedOptions[0].textContent : "");
    input.placeholder = first.value === "" ? first.textContent : "";
    input.value = shown();

    // Exact beginnings of the code first, then of the name's words, then what holds all words.
    const rank = (option, text, wanted) => {
      const digits = text.replace(/\D/g, "");
      const isNumber = digits !== "" && /^[\d.\s-]+$/.test(text);
      if (isNumber && (option.digits.startsWith(digits) || option.value.startsWith(text))) return 0;
      if (option.text.includes(`– ${wanted.join(" ")}`)) return 1;
      const begins = (word) => option.words.some((own) => own.startsWith(word));
      if (wanted.every(begins)) return 2;
      return wanted.every((word) => option.text.includes(word)) ? 3 : 9;
    };
    const own = (text) => {
      const wanted = words(text);
      const ranked = all.map((option) => ({ option, rank: rank(option, text, wanted) }));
      return ranked.filter((each) => each.rank < 9).sort((a, b) => a.rank - b.rank)
        .map((each) => each.option);
    };
    let turns = 0;
    const find = async (text) => {
      const turn = ++turns;
      if (text.trim() === "" || text === shown()) return all;
      const found = own(text.trim());
      if (found.length > 0 || !ask) return found;
      await new Promise((resolve) => setTimeout(resolve, ASK_MS));
      if (turn !== turns) return [];
      const values = await ask(text.trim());
      return values.map((value) => all.find((option) => option.value === value)).filter(Boolean);
    };
    const choose = (option) => {
      select.value = option.value;
      input.value = shown();
      select.dispatchEvent(new Event("change", { bubbles: true }));
    };
    attach(input, { find, choose, eager: true });
    input.addEventListener("focus", () => input.select());
    input.addEventListener("change", () => {
      if (input.value.trim() === "" && select.selectedIndex > 0) choose({ value: first.value });
      else input.value = shown();
    });
    select.addEventListener("restored", () => {
      input.value = shown();
    });
    return input;
  };

  return { attach, overSelect };
})();
