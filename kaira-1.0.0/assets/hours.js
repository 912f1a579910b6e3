// Says of each store whether it is open now, in Seoul’s time, and marks today in its table.

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

let clock;

/** Day of the week, 0 for Monday, and "HH:MM" in Seoul. */
function seoul() {
  // Not before a page asks for it: to make one takes longer than all else here.
  clock ??= new Intl.DateTimeFormat("en-GB", {
    timeZone: "Asia/Seoul",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const part = Object.fromEntries(clock.formatToParts(new Date()).map((p) => [p.type, p.value]));
  return { day: DAYS.indexOf(part.weekday), time: `${part.hour}:${part.minute}` };
}

/** The sentence for a store: `week` has "HH:MM-HH:MM" or "" for each day from Monday. */
function sentence({ open, later, closed, days, hours }, { day, time }) {
  const week = hours.split("|");
  const [opens, closes] = week[day].split("-");
  if (opens && time >= opens && time < closes) return [true, open.replace("{time}", closes)];
  if (opens && time < opens) return [false, later.replace("{time}", opens)];
  for (let ahead = 1; ahead <= 7; ahead += 1) {
    const next = (day + ahead) % 7;
    if (week[next]) {
      const name = days.split("|")[next];
      return [false, closed.replace("{day}", name).replace("{time}", week[next].split("-")[0])];
    }
  }
  return [false, ""];
}

/** Bring every line and table up to date. */
export function mark() {
  const lines = document.querySelectorAll(".now");
  if (!lines.length) return;
  const now = seoul();
  for (const line of lines) {
    const [open, text] = sentence(line.dataset, now);
    line.textContent = text;
    line.classList.toggle("open", open);
  }
  for (const row of document.querySelectorAll("[data-day]")) {
    if (Number(row.dataset.day) === now.day + 1) row.setAttribute("aria-current", "date");
    else row.removeAttribute("aria-current");
  }
}
