// What the visitor keeps: bag and wishlist, in this browser and nowhere else.
//
// A bag is a list of { slug, colour, size, n }. Names and prices are never stored: they come from
// the catalogue each time, so that a sum is always right and a piece that is gone is seen to be.

const BAG = "kaira.bag";
const WISHES = "kaira.wishes";
const MOST = 20;

const memory = new Map();
const listeners = new Set();
let kept = true;

function read(key) {
  if (memory.has(key)) return memory.get(key);
  try {
    return localStorage.getItem(key);
  } catch {
    kept = false;
    return null;
  }
}

function write(key, value) {
  const text = JSON.stringify(value);
  try {
    localStorage.setItem(key, text);
    memory.delete(key);
    kept = true;
  } catch {
    memory.set(key, text); // forbidden or full: it lasts as long as this page
    kept = false;
  }
  tell();
}

function list(key) {
  try {
    const value = JSON.parse(read(key));
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function tell() {
  for (const listener of listeners) listener();
}

/** Whether what is kept outlives this tab. */
export const lasts = () => kept;

/** Call `listener` whenever bag or wishes change, in this tab or another. */
export function onChange(listener) {
  listeners.add(listener);
}

addEventListener("storage", (event) => {
  if (event.key === null || event.key === BAG || event.key === WISHES) tell();
});
addEventListener("pageshow", (event) => event.persisted && tell());

/** The rows of the bag. */
export function bag() {
  return list(BAG).filter(
    (row) => row && typeof row.slug === "string" && Number.isInteger(row.n) && row.n > 0,
  );
}

/** How many pieces are in the bag. */
export const pieces = () => bag().reduce((sum, row) => sum + row.n, 0);

const same = (a, b) => a.slug === b.slug && a.colour === b.colour && a.size === b.size;

/** Set how many of a row there are; none takes it out. Rows keep their places. */
export function set(row, n) {
  const rows = bag();
  const found = rows.find((each) => same(each, row));
  const count = Math.max(0, Math.min(MOST, n));
  if (found) found.n = count;
  else rows.push({ slug: row.slug, colour: row.colour, size: row.size, n: count });
  write(BAG, rows.filter((each) => each.n > 0));
}

/** Put one more into the bag. */
export function add(row) {
  set(row, (bag().find((each) => same(each, row))?.n ?? 0) + 1);
}

/** The slugs of the wishlist. */
export const wishes = () => list(WISHES).filter((slug) => typeof slug === "string");

/** Put a slug on the wishlist, or take it off. Returns whether it is on it now. */
export function wish(slug) {
  const slugs = wishes();
  const on = !slugs.includes(slug);
  write(WISHES, on ? [...slugs, slug] : slugs.filter((each) => each !== slug));
  return on;
}

let loading;

/** The catalogue in the language of the page, with its products by slug. */
export function catalogue() {
  loading ??= fetch(document.body.dataset.catalogue)
    .then((response) => (response.ok ? response.json() : Promise.reject(response.status)))
    .then((found) => ({
      ...found,
      bySlug: new Map(found.products.map((each) => [each.slug, each])),
    }))
    .catch((reason) => {
      loading = undefined;
      throw reason;
    });
  return loading;
}

/** "₩12,300" */
export const won = (amount) => `₩${amount.toLocaleString("en-US")}`;

/** The right one of two texts for `n`; "{n}" in it becomes the number. */
export const plural = (n, one, many) => (n === 1 ? one : many.replace("{n}", n));
