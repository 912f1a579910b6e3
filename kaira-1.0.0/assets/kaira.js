// What every page does. Each page is complete without this file, but for bag and search.

import { mark } from "./hours.js";
import { lineUp, openBag } from "./bag.js";
import * as store from "./store.js";

const $ = (selector, root = document) => root.querySelector(selector);

mark();
setInterval(mark, 30_000);

// Bag

const drawer = $("#drawer");

function count() {
  const n = store.pieces();
  const { one, many } = drawer.dataset;
  $(".top .number").textContent = n || "";
  $(".top .bag").title = n ? store.plural(n, one, many) : "";
}

$(".top .bag").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || $("#bag")) return;
  event.preventDefault();
  openBag();
});

for (const view of document.querySelectorAll(".bag-view")) lineUp(view);
store.onChange(count);
count();

// Wishlist

function wished() {
  const slugs = store.wishes();
  for (const button of document.querySelectorAll(".wish, .keep")) {
    button.hidden = false;
    button.setAttribute("aria-pressed", slugs.includes(button.dataset.slug));
  }
  const list = $(".wished");
  if (list) {
    for (const card of list.children) card.hidden = !slugs.includes(card.dataset.slug);
    list.hidden = ![...list.children].some((card) => !card.hidden);
    $(".nothing").hidden = !list.hidden;
  }
}

addEventListener("click", ({ target }) => {
  const button = target.closest(".wish, .keep");
  if (button) store.wish(button.dataset.slug);
});
store.onChange(wished);
wished();

// The other language shows the same: the filters, the search, the colour.

const language = $(".top .language");
language?.addEventListener("click", () => {
  language.search = location.search;
  language.hash = location.hash;
});

// Dialogs close by their button and by a click beside them.

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", ({ target }) => {
    if (target === dialog || target.closest("[data-close]")) dialog.close();
  });
}

// Search: fetched when someone is about to, for most who come do not.

const opener = $(".top .search");
const finder = $("#find");
let search;

if ($("#query")) import("./search.js").then(({ results }) => results()).catch(() => {});
else {
  opener.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    finder.showModal();
    $("input", finder).focus();
    search ??= import("./search.js").then(({ suggest }) => suggest(finder));
    search.catch(() => location.assign(opener.href)); // no connection: its page may be kept
  });
}

// On a desk there is room for the filters.

const filters = $(".filters");
if (filters && matchMedia("(min-width: 64em)").matches) filters.open = true;

// Pages that were seen open without a connection.

function keepCopies() {
  const { worker } = document.body.dataset;
  const policy = globalThis.trustedTypes?.createPolicy("kaira", {
    createScriptURL: (url) => (url === worker ? url : ""),
  });
  const { controller } = navigator.serviceWorker;
  navigator.serviceWorker
    .register(policy ? policy.createScriptURL(worker) : worker)
    .then(() => controller || navigator.serviceWorker.ready.then(({ active }) => active.postMessage(seen())))
    .catch(() => {}); // a browser may forbid it: then there is no copy, and nothing is lost
}

/** What this page was made of before there was a worker to keep it. */
const seen = () => ({
  page: location.href,
  files: performance.getEntriesByType("resource").map(({ name }) => name),
});

// Not before someone is really here: the first page should have the connection to itself.
if ("serviceWorker" in navigator && isSecureContext) {
  const here = new AbortController();
  for (const sign of ["pointermove", "pointerdown", "keydown", "scroll"]) {
    addEventListener(
      sign,
      () => {
        here.abort();
        keepCopies();
      },
      { signal: here.signal, passive: true },
    );
  }
}
