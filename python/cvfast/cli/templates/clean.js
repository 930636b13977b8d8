"use strict";
// Shows the faces that one reason rejects, or all, or the good ones.
const buttons = document.querySelectorAll("nav button");
for (const button of buttons) {
  button.addEventListener("click", () => {
    for (const other of buttons) other.setAttribute("aria-pressed", other === button);
    const wanted = button.dataset.reason;
    for (const face of document.querySelectorAll("figure")) {
      face.hidden = wanted !== "" && !face.dataset.reasons.split("|").includes(wanted);
    }
  });
}
