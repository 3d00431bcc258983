"use strict";
// Folding and links work without this; it only narrows the page and opens what is found.
document.documentElement.classList.add("scripted");
const items = [...document.querySelectorAll(".item")];
const parts = [...document.querySelectorAll("details.change")];
const field = document.getElementById("search");
const found = document.getElementById("found");
let texts = null;
if (field) {
  field.addEventListener("input", () => {
    texts ??= items.map((item) => item.textContent.toLowerCase());
    const wanted = field.value.trim().toLowerCase();
    let shown = 0;
    items.forEach((item, number) => {
      item.hidden = wanted !== "" && !texts[number].includes(wanted);
      shown += !item.hidden && item.matches("tr");
    });
    found.textContent = wanted === "" ? "" : `${shown} found`;
  });
}
const fold = (id, open) => document.getElementById(id)?.addEventListener("click", () => parts.forEach((one) => (one.open = open)));
fold("open", true);
fold("close", false);
// A large picture begins where something changes.
const centre = (picture) => {
  const box = picture.querySelector(":is(.added, .changed, .removed) > .box");
  if (!box) return;
  const [there, here] = [box.getBoundingClientRect(), picture.getBoundingClientRect()];
  picture.scrollLeft += there.left + there.width / 2 - here.left - here.width / 2;
  picture.scrollTop += there.top + there.height / 2 - here.top - here.height / 2;
};
document.querySelectorAll("details[open] .picture, main > .picture").forEach(centre);
parts.forEach((one) => one.addEventListener("toggle", () => one.open && one.querySelectorAll(".picture").forEach(centre), { once: true }));
