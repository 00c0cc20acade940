// A scanner that types: a burst of keys is told from a person by its speed and its bars.
"use strict";

globalThis.hosoScanner = (() => {
  // Nobody types twelve digits with less between them.
  const GAP_MS = 60;
  // A burst that has said nothing for so long is over.
  const SILENCE_MS = 350;
  // The personal number with which a card begins.
  const DIGITS = 12;
  // Fields of a card at least; newer cards carry more.
  const FIELDS = 7;

  const isText = (element) =>
    element instanceof HTMLTextAreaElement ||
    (element instanceof HTMLInputElement &&
      /^(text|tel|email|search|url|number|password)$/.test(element.type));

  const day = (text) =>
    /^\d{8}$/.test(text) ? `${text.slice(0, 2)}/${text.slice(2, 4)}/${text.slice(4)}` : "";

  // Cards and scanners write in capitals; on slips and in lists names stand as they are written.
  const named = (text) =>
    text !== text.toLocaleUpperCase("vi")
      ? text
      : text.toLocaleLowerCase("vi").replace(/(^|[\s'’-])(\p{L})/gu, (_, before, letter) =>
        before + letter.toLocaleUpperCase("vi"));

  // What a card says, or nothing if this is no card.
  const card = (text) => {
    const fields = text.normalize("NFC").split("|").map((field) => field.trim());
    if (fields.length < FIELDS || !/^\d{12}$/.test(fields[0]) || fields[2] === "") return null;
    return {
      id_number: fields[0],
      name: named(fields[2].replace(/\s+/gu, " ")),
      birth_date: day(fields[3]),
      address: named(fields[5].replace(/\s+/gu, " ")),
    };
  };

  // Calls `onCard(card, field)` with what was scanned and the field that had the focus, or with
  // nothing if a burst was no card. The field holds what it held before the burst.
  const listen = (onCard) => {
    let run = null;
    let burst = null;
    let early = null;
    // When the key was pressed: a slow machine hears of the text later than it was typed.
    let pressed = null;

    const begin = (field, time) => ({
      field, digits: "", last: time,
      value: field.value, start: field.selectionStart, end: field.selectionEnd,
    });
    const restore = ({ field, value, start, end }) => {
      field.value = value;
      if (start !== null) field.setSelectionRange(start, end);
    };
    const finish = () => {
      const { field, text } = burst;
      clearTimeout(burst.silence);
      burst = null;
      run = null;
      onCard(card(text), field);
    };
    const collect = (text) => {
      burst.text += text;
      clearTimeout(burst.silence);
      burst.silence = setTimeout(finish, SILENCE_MS);
    };

    // True if the text belongs to a burst and must not reach the field.
    const took = (field, text, time) => {
      if (burst) {
        collect(text);
        return true;
      }
      const fast = run !== null && run.field === field && time - run.last <= GAP_MS;
      if (/^\d+$/.test(text)) {
        if (!fast) run = begin(field, time);
        run.digits += text;
        run.last = time;
        return false;
      }
      const opens = text.startsWith("|") && fast && run.digits.length >= DIGITS;
      if (!opens) {
        run = null;
        return false;
      }
      const digits = run.digits.slice(-DIGITS);
      restore(run);
      burst = { field, text: digits, silence: undefined };
      collect(text);
      return true;
    };

    document.addEventListener("beforeinput", (event) => {
      const text = event.data;
      if (text === null || !(isText(event.target) || burst)) return;
      const whole = burst ? null : card(text);
      if (whole) {
        event.preventDefault();
        onCard(whole, event.target);
        return;
      }
      const time = pressed ?? event.timeStamp;
      pressed = null;
      if (took(burst ? burst.field : event.target, text, time)) event.preventDefault();
    }, true);
    document.addEventListener("keydown", (event) => {
      pressed = event.timeStamp;
      if (burst && (event.key === "Enter" || event.key === "Tab")) {
        event.preventDefault();
        event.stopImmediatePropagation();
        finish();
        return;
      }
      // Whoever scans while a button has the focus means the form all the same.
      const digit = /^\d$/.test(event.key) && !event.ctrlKey && !event.altKey && !event.metaKey;
      const fallback = document.querySelector("[data-scan]");
      const target = event.target;
      if (!digit || burst || fallback === null || isText(target)) return;
      if (!(target instanceof HTMLSelectElement)) {
        fallback.focus();
        return;
      }
      // A list takes a digit as the beginning of an option; two in no time are a scanner's.
      if (early?.select === target && event.timeStamp - early.last <= GAP_MS) {
        event.preventDefault();
        target.value = early.value;
        fallback.focus();
        run = { ...begin(fallback, event.timeStamp), digits: early.digits + event.key };
        early = null;
      } else {
        early = {
          select: target, value: target.value, digits: event.key, last: event.timeStamp,
        };
      }
    }, true);
  };

  return { card, listen };
})();
