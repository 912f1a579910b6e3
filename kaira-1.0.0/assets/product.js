// One product: its colour in the address, its size, the bag, and its pictures from close by.

import { openBag, say } from "./bag.js";
import { add } from "./store.js";

const product = document.querySelector(".product");
const form = product.querySelector(".choose");
const wrong = form.querySelector(".wrong");
const gallery = product.querySelector(".gallery");
const colours = [...form.querySelectorAll("[name=colour]")];

form.querySelector(".act").hidden = false;

function fromAddress() {
  const wanted = colours.find((input) => input.value === location.hash.slice(1));
  if (wanted) wanted.checked = true;
}

fromAddress();
addEventListener("hashchange", fromAddress);

form.addEventListener("change", ({ target }) => {
  wrong.textContent = "";
  if (target.name === "colour") {
    history.replaceState(null, "", `#${target.value}`);
    gallery.scrollTo({ left: 0 });
  }
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = new FormData(form);
  if (!chosen.get("size")) {
    wrong.textContent = wrong.dataset.text;
    form.querySelector("[name=size]").focus();
    return;
  }
  add({ slug: product.dataset.slug, colour: chosen.get("colour"), size: chosen.get("size") });
  openBag();
  say(document.getElementById("drawer").dataset.added.replace("{name}", product.dataset.name));
});

// Pictures from close by

const zoom = document.getElementById("zoom");
const pan = zoom.querySelector(".pan");
const large = document.createElement("img");
large.width = 800;
large.height = 1000;
pan.append(large);
let times = 1;

function magnify(to) {
  const middle = (pan.scrollTop + pan.clientHeight / 2) / pan.scrollHeight;
  times = Math.max(1, Math.min(3, to));
  zoom.dataset.times = times;
  pan.scrollTop = middle * pan.scrollHeight - pan.clientHeight / 2;
  pan.scrollLeft = (pan.scrollWidth - pan.clientWidth) / 2;
}

gallery.addEventListener("click", (event) => {
  const link = event.target.closest("[data-zoom]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  large.src = link.href;
  large.alt = link.querySelector("img").alt;
  zoom.showModal();
  magnify(1);
});
zoom.querySelector(".larger").addEventListener("click", () => magnify(times + 1));
zoom.querySelector(".smaller").addEventListener("click", () => magnify(times - 1));
