// The bag, in the drawer and on its own page, and how a page says what happens.

import * as store from "./store.js";

const $ = (selector, root = document) => root.querySelector(selector);

/** Say something to whoever cannot see it happen: in the open dialog, for nothing else is heard. */
export function say(text) {
  const said = $("dialog[open] .said") ?? $("#said");
  said.textContent = "";
  setTimeout(() => {
    said.textContent = text; // after the dialog itself, and heard even if it is said again
  }, 150);
}

/** The rows with what the catalogue says of them: product and sum, or nothing if it is gone. */
export async function priced() {
  const { bySlug, free, delivery } = await store.catalogue();
  const rows = store.bag().map((row) => {
    const product = bySlug.get(row.slug);
    const made = product?.colours[row.colour] && product.sizes.includes(row.size);
    return { row, product: made ? product : undefined, sum: made ? product.price * row.n : 0 };
  });
  const sum = rows.reduce((total, each) => total + each.sum, 0);
  return { rows, sum, delivery: sum >= free ? 0 : delivery };
}

/** What is said of a row besides its name. */
export function described({ row, product }) {
  const colour = product?.colours[row.colour].name ?? row.colour;
  return row.size === "One" ? colour : `${colour}, ${row.size}`;
}

/** A small picture beside a name, which says it all. */
export function picture(src) {
  const image = document.createElement("img");
  image.src = src;
  image.alt = "";
  image.width = 64;
  image.height = 80;
  return image;
}

function line({ row, product, sum }) {
  const item = document.getElementById("row").content.cloneNode(true).firstElementChild;
  const link = $(".name a", item);
  link.textContent = product?.name ?? row.slug;
  item.dataset.row = JSON.stringify([row.slug, row.colour, row.size]);
  $("output", item).textContent = row.n;
  if (product) {
    link.href = `${product.url}#${row.colour}`;
    $(".thumb", item).append(picture(product.colours[row.colour].picture));
    $(".what", item).textContent = described({ row, product });
    $(".price", item).textContent = store.won(sum);
    for (const button of item.querySelectorAll("button")) {
      button.ariaLabel = `${button.ariaLabel ?? button.textContent}: ${product.name}`;
    }
  } else {
    link.removeAttribute("href");
    $(".gone", item).hidden = false;
    $(".less", item).hidden = $(".more-one", item).hidden = true;
  }
  return item;
}

/** Draw the bag into a view. */
export async function showBag(root) {
  const view = root.matches(".bag-view") ? root : $(".bag-view", root);
  const { free, costs } = document.getElementById("drawer").dataset;
  const { rows, sum, delivery } = await priced();
  const list = $(".rows", view);
  const focused = list.contains(document.activeElement) && document.activeElement;
  const place = focused && [focused.closest("li").dataset.row, focused.className];
  list.replaceChildren(...rows.map(line));
  if (place) {
    const again = [...list.children].find((item) => item.dataset.row === place[0]);
    const target = again?.getElementsByClassName(place[1])[0] ?? $(".undo button", view);
    (target.checkVisibility() ? target : (view.closest("dialog")?.querySelector(".close") ?? view)).focus();
  }
  $(".empty", view).hidden = rows.length > 0;
  $(".sum", view).hidden = rows.length === 0;
  $(".sum strong", view).textContent = store.won(sum);
  $(".delivery", view).textContent = delivery ? costs.replace("{price}", store.won(delivery)) : free;
  $(".volatile", view).hidden = store.lasts();
}

/** Show the drawer. */
export function openBag() {
  const drawer = document.getElementById("drawer");
  drawer.showModal();
  showBag(drawer);
}

/** Make a view answer to its buttons, and follow the bag. */
export function lineUp(view) {
  const undo = $(".undo", view);
  const { one, many, removed } = document.getElementById("drawer").dataset;
  let taken;

  view.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (undo.contains(button)) {
      store.set(taken, taken.n);
      undo.hidden = true;
      return;
    }
    const item = button.closest("li");
    const [slug, colour, size] = JSON.parse(item.dataset.row);
    const row = store.bag().find((r) => r.slug === slug && r.colour === colour && r.size === size);
    if (!row) return;
    const change = { less: -1, "more-one": 1 }[button.classList[0]];
    const n = change ? row.n + change : 0;
    if (n === 0) {
      const text = removed.replace("{name}", $(".name", item).textContent);
      taken = row;
      undo.hidden = false;
      $("span", undo).textContent = text;
      say(text);
    }
    store.set(row, n);
    if (n) say(store.plural(store.pieces(), one, many));
  });
  const draw = () => {
    if (!view.closest("dialog") || view.closest("dialog").open) showBag(view).catch(() => {});
  };
  store.onChange(draw);
  draw();
}
