// The return desk: what is typed in one step goes along when another one is done. Pages work
// without this file.
"use strict";

(() => {
  const steps = [...document.querySelectorAll("form.step")];

  const fieldsOf = (form) => [...form.elements].filter((field) =>
    field.name !== "" && field.matches("input:not([type=hidden]), select, textarea"));
  // What the page itself chose in a list is not always marked in it.
  const shown = new Map(steps.flatMap(fieldsOf).map((field) => [field, field.value]));
  const isTyped = (field) => field.value !== shown.get(field);

  for (const form of steps) {
    form.addEventListener("submit", () => {
      for (const other of steps.filter((step) => step !== form)) {
        const fields = fieldsOf(other);
        if (!fields.some(isTyped)) continue;
        for (const { name, value } of fields) {
          const along = document.createElement("input");
          along.type = "hidden";
          along.name = `_beside.${other.elements.kind.value}.${name}`;
          along.value = value;
          form.append(along);
        }
      }
    });
  }
})();
