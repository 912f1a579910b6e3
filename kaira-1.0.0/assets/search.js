// Finding pieces as one types: forgiving, in both languages, and by the first consonants alone.

import { picture } from "./bag.js";
import { catalogue, plural, won } from "./store.js";

const $ = (selector, root = document) => root.querySelector(selector);

const FIRST = [..."ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"];
const SYLLABLES = 0xac00;

/** The first consonant of a Hangul syllable; any other character as it is. */
function initial(character) {
  const place = character.charCodeAt(0) - SYLLABLES;
  return place >= 0 && place < 11172 ? FIRST[Math.floor(place / 588)] : character;
}

/** Letters that are compared: no case, no accents, Hangul in its letters. */
const folded = (text) => text.normalize("NFKD").toLowerCase().replace(/[\u0300-\u036f]/g, "");

/** Whether `a` becomes `b` by at most `most` slips: a letter more, fewer, other, or two swapped. */
function near(a, b, most) {
  if (Math.abs(a.length - b.length) > most) return false;
  let before = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] !== b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        row[j] = Math.min(row[j], before[j - 2] + 1);
      }
    }
    [before, last] = [last, row];
  }
  return last[b.length] <= most;
}

const words = (text) => text.split(/[\s,.:;·’'"“”()/-]+/).filter(Boolean);

/** What is searched of a product, most telling first. */
function indexed(product) {
  const [names, ...rest] = product.words;
  const colours = Object.values(product.colours).map((colour) => colour.name);
  return [...names, ...colours, ...rest].map((text, rank) => ({
    rank,
    words: words(text).map(folded),
    initials: [...text].map(initial).join("").replaceAll(" ", ""),
    folded: folded(text).replaceAll(" ", ""),
  }));
}

/** How well a word of the query fits a product: smaller is better, Infinity not at all. */
function fit(term, fields) {
  const key = folded(term);
  const consonants = /^[ㄱ-ㅎ]+$/.test(term);
  // One slip from four letters on, two from eight. Hangul letters count singly.
  const slips = key.length < 4 ? 0 : key.length < 8 ? 1 : 2;
  let best = Infinity;
  for (const field of fields) {
    if (consonants) {
      if (field.initials.includes(term)) best = Math.min(best, field.rank);
    } else if (field.words.some((word) => word.startsWith(key))) best = Math.min(best, field.rank);
    else if (field.folded.includes(key)) best = Math.min(best, field.rank + 10);
    else if (
      slips &&
      field.words.some((word) => near(key, word, slips) || near(key, word.slice(0, key.length), slips))
    ) {
      best = Math.min(best, field.rank + 20);
    }
  }
  return best;
}

/** The products that fit every word of `query`, best first. */
export function matches(query, products) {
  const terms = words(query);
  if (!terms.length) return [];
  return products
    .map((product) => {
      product.fields ??= indexed(product);
      return [terms.reduce((sum, term) => sum + fit(term, product.fields), 0), product];
    })
    .filter(([score]) => score < Infinity)
    .sort(([a], [b]) => a - b)
    .map(([, product]) => product);
}

/** How many pieces were found, or that none was. */
const sentence = (n, query, { one, many, none }) =>
  n ? plural(n, one, many) : none.replace("{query}", query);

function option(product, index) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  const price = document.createElement("span");
  item.role = "option";
  item.id = `find-${index}`;
  item.dataset.url = product.url;
  name.textContent = product.name;
  price.textContent = won(product.price);
  price.className = "price";
  item.append(picture(Object.values(product.colours)[0].picture), name, price);
  return item;
}

/** Suggest pieces in `dialog` for what is typed there, and for what has been typed already. */
export function suggest(dialog) {
  const input = $("input", dialog);
  const list = $("ul", dialog);
  const none = $(".none", dialog);
  let chosen = -1;

  function choose(index) {
    chosen = index;
    [...list.children].forEach((item, i) => {
      item.setAttribute("aria-selected", i === index);
      if (i === index) item.scrollIntoView({ block: "nearest" });
    });
    if (index < 0) input.removeAttribute("aria-activedescendant");
    else input.setAttribute("aria-activedescendant", `find-${index}`);
  }

  async function update() {
    const query = input.value.trim();
    const { products } = await catalogue();
    if (query !== input.value.trim()) return;
    const found = matches(query, products);
    list.replaceChildren(...found.slice(0, 6).map(option));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", found.length > 0);
    none.textContent = query && sentence(found.length, query, none.dataset);
    choose(-1);
  }

  input.addEventListener("input", () => update().catch(() => {}));
  input.addEventListener("keydown", (event) => {
    const n = list.children.length;
    if (event.key === "ArrowDown" && n) choose((chosen + 1) % n);
    else if (event.key === "ArrowUp" && n) choose(chosen <= 0 ? n - 1 : chosen - 1);
    else if (event.key === "Enter" && chosen >= 0 && !event.isComposing) {
      location.assign(list.children[chosen].dataset.url);
    } else return;
    event.preventDefault();
  });
  list.addEventListener("click", ({ target }) => {
    const item = target.closest("li");
    if (item) location.assign(item.dataset.url);
  });
  update().catch(() => {});
}

/** Show on the page of the search what its field asks for. */
export async function results() {
  const input = $("#query");
  const count = $(".count");
  const cards = $(".cards");
  const { products } = await catalogue();
  const all = new Map([...cards.children].map((card) => [card.dataset.slug, card]));
  let shown = products; // as the page stands

  function show() {
    const query = input.value.trim();
    const found = query ? matches(query, products) : products;
    if (found !== shown) {
      for (const card of all.values()) card.hidden = true;
      for (const product of found) {
        const card = all.get(product.slug);
        if (!card) continue;
        card.hidden = false;
        cards.append(card);
      }
    }
    shown = found;
    count.textContent = sentence(found.length, query, count.dataset);
  }

  input.value = new URLSearchParams(location.search).get("q") ?? "";
  input.addEventListener("input", show);
  input.form.addEventListener("submit", (event) => {
    event.preventDefault();
    history.replaceState(null, "", input.value ? `?q=${encodeURIComponent(input.value)}` : location.pathname);
    show();
  });
  show();
}
