// The order request: a letter made of the bag, which the visitor sends, copies or prints.

import { described, priced, say } from "./bag.js";
import { onChange, plural, won } from "./store.js";

const section = document.querySelector(".request");
const letter = section.querySelector(".letter");
const mail = section.querySelector(".mail");
const { subject, greeting, email, copied, uncopied } = section.dataset;
const { one, many } = document.getElementById("drawer").dataset;

async function write() {
  const { rows, sum } = await priced();
  const there = rows.filter((each) => each.product);
  section.hidden = !there.length;
  const value = (id) => document.getElementById(id).value.trim();
  const lines = there.map(
    (each) => `${each.row.n} × ${each.product.name}, ${described(each)}: ${won(each.sum)}`,
  );
  const signed = ["note", "where", "who"].map(value).filter(Boolean);
  letter.textContent = [greeting, "", ...lines, "", won(sum), ...signed.flatMap((text) => ["", text])].join("\n");
  const pieces = there.reduce((n, each) => n + each.row.n, 0);
  const title = subject.replace("{n}", plural(pieces, one, many)).replace("{sum}", won(sum));
  mail.href = `mailto:${email}?subject=${encodeURIComponent(title)}&body=${encodeURIComponent(letter.textContent)}`;
}

const draw = () => write().catch(() => {});

section.addEventListener("input", draw);
section.querySelector(".copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(letter.textContent);
    say(copied);
  } catch {
    say(uncopied);
    getSelection().selectAllChildren(letter);
  }
});
section.querySelector(".print").addEventListener("click", () => print());
onChange(draw);
draw();
