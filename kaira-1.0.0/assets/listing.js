// Filters of a list, together and without a new page. Their links work without this file, one
// at a time; with it they add up, in an address that can be kept and sent.

import { plural } from "./store.js";

const nav = document.querySelector(".filters nav");
const cards = document.querySelector(".listing .cards");
const count = document.querySelector(".listing .count");
const KEYS = ["category", "colour", "size", "price", "order"];
const shop = nav.dataset.shop;
const whole = location.pathname === shop;

/** What is chosen: by the address where the whole shop is, else by the page. */
function chosen() {
  if (!whole) {
    return Object.fromEntries(
      [...nav.querySelectorAll("[aria-current]:not([data-value=newest])")].map((link) => [
        link.dataset.key,
        link.dataset.value,
      ]),
    );
  }
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(KEYS.map((key) => [key, query.get(key) ?? ""]));
}

function inBand(price, band) {
  const [, under, low, high, over] = /^(?:under-(\d+)|(\d+)-(\d+)|over-(\d+))$/.exec(band) ?? [];
  return price >= Number(low ?? over ?? 0) && price < Number(under ?? high ?? Infinity);
}

function fits({ category, colour, size, price }, { dataset }) {
  return (
    (!category || dataset.category === category) &&
    (!colour || dataset.colour.split(" ").includes(colour)) &&
    (!size || dataset.size.split(" ").includes(size)) &&
    (!price || inBand(Number(dataset.price), price))
  );
}

const ORDERS = {
  newest: (a, b) => b.dataset.since.localeCompare(a.dataset.since),
  "price-up": (a, b) => a.dataset.price - b.dataset.price,
  "price-down": (a, b) => b.dataset.price - a.dataset.price,
};

function show() {
  const state = chosen();
  const order = ORDERS[state.order] ?? ORDERS.newest;
  const all = [...cards.children].sort(order);
  for (const card of all) card.hidden = !fits(state, card);
  cards.append(...all);
  const n = all.filter((card) => !card.hidden).length;
  count.textContent = n ? plural(n, nav.dataset.one, nav.dataset.many) : nav.dataset.none;
  for (const link of nav.querySelectorAll("[data-key]")) {
    const { key, value } = link.dataset;
    const now = key === "order" ? state.order || "newest" : state[key] || "";
    if (now === value) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  nav.querySelector(".clear").hidden = !(state.category || state.colour || state.size || state.price);
}

nav.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { key, value } = link.dataset;
  const state = key ? chosen() : {};
  const others = KEYS.filter((each) => each !== key && state[each]);
  // A single choice has a page of its own; only what adds up is put together here.
  if (!whole && (!key || !others.some((each) => each !== "order"))) return;
  event.preventDefault();
  if (key) state[key] = value === "newest" || (state[key] === value && key !== "category") ? "" : value;
  const query = new URLSearchParams(KEYS.filter((each) => state[each]).map((each) => [each, state[each]]));
  const address = query.size ? `${shop}?${query}` : shop;
  if (!whole) {
    location.assign(address);
    return;
  }
  history.pushState(null, "", address);
  show();
});

if (whole) {
  addEventListener("popstate", show);
  if (location.search) show();
}
