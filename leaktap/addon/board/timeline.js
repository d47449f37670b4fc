// The timeline: a lane for each recipient, a mark for each bin with findings, lines for what the tester marked.
const FEW_LANES = 10;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];
const CHANGES = new Set(["notice", "consent", "refuse", "withdraw"]);

const draw = (name, about, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(about)) element.setAttribute(key, typeof value === "number" ? value.toFixed(1) : value);
  element.append(...children);
  return element;
};

// A shape for each severity, so that it does not hang on colour.
const shape = (worst, x, y, r) => {
  const round = (s) => `M${x - s} ${y}a${s} ${s} 0 1 0 ${2 * s} 0a${s} ${s} 0 1 0 ${-2 * s} 0z`;
  if (worst === 0) return `M${x} ${y - 1.3 * r}l${1.3 * r} ${1.3 * r}l${-1.3 * r} ${1.3 * r}l${-1.3 * r} ${-1.3 * r}z`;
  if (worst === 2) return `M${x - 0.9 * r} ${y - 0.9 * r}h${1.8 * r}v${1.8 * r}h${-1.8 * r}z`;
  if (worst === 3) return `M${x} ${y - 1.1 * r}l${1.1 * r} ${2 * r}h${-2.2 * r}z`;
  return round(worst === 1 ? r : 0.8 * r);
};
const key = (worst) => draw("svg", { viewBox: "0 0 12 12", class: "key", "aria-hidden": "true" }, draw("path", { d: shape(worst, 6, 6, 4.2), class: `dot s${worst}` }));

const cutTo = (text, width) => {
  let room = width;
  let out = "";
  for (const letter of text) {
    room -= letter.codePointAt(0) > 0x2e7f ? 12.5 : 6.9;
    if (room < 0) return `${out}…`;
    out += letter;
  }
  return out;
};

const eventWords = (event) => {
  const rights = Object.entries(event.permission).map(([name, answer]) => `${name}${word("tongue", "colon")}${answer}`);
  return [event.event && word("event", event.event), event.action, ...rights].filter(Boolean).join(word("tongue", "list"));
};

// Stretches without consent, by the events that change it.
const without = (events, from, to) => {
  const spans = [];
  let start = from;
  let agreed = !events.some((event) => CHANGES.has(event.event));
  for (const event of events) {
    if (!CHANGES.has(event.event) || (event.event === "notice" && agreed)) continue;
    if (!agreed && event.time > start) spans.push([start, event.time]);
    agreed = event.event === "consent";
    start = Math.max(event.time, from);
  }
  if (!agreed && start < to) spans.push([start, to]);
  return spans;
};

// Returns the picture. `lanes` are [name, Map of bin to [worst, count]], `axis` origin and width of bins in milliseconds.
const timeline = (lanes, events, axis, now, width) => {
  const narrow = width < 600;
  const left = narrow ? 8 : 200;
  const right = width - 12;
  const height = narrow ? 42 : 26;
  const last = Math.max(...lanes.map(([, bins]) => Math.max(...bins.keys())));
  const begin = axis.origin;
  const end = Math.max(axis.origin + (last + 1) * axis.width, now, begin + 10000);
  const margin = (end - begin) * 0.03;
  const [from, to] = [begin - margin, end + margin / 2];
  const shown = events.filter((event) => event.time >= from && event.time <= to);
  const at = (time) => left + ((time - from) / (to - from)) * (right - left);

  const taken = [[], [], []];
  const flags = shown.map((event) => ({ event, x: at(event.time), row: -1, back: false, words: eventWords(event) }));
  for (const flag of [...flags].sort((a, b) => CHANGES.has(b.event.event) - CHANGES.has(a.event.event))) {
    flag.words = cutTo(flag.words, 150);
    const wide = [...flag.words].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e7f ? 12.5 : 7.2), 12);
    flag.back = flag.x + wide > width;
    const [one, other] = flag.back ? [flag.x - wide, flag.x] : [flag.x, flag.x + wide];
    flag.row = taken.findIndex((spans) => spans.every(([a, b]) => other < a || b < one));
    if (flag.row >= 0) taken[flag.row].push([one, other]);
  }
  const top = 8 + 16 * taken.filter((spans) => spans.length).length;
  const bottom = top + height * lanes.length + 4;
  const parts = [];
  for (const [one, other] of without(events, from, to)) {
    const x = Math.max(at(one), left);
    parts.push(draw("rect", { x, y: top, width: Math.max(at(other) - x, 0), height: bottom - top, class: "without" }));
  }
  const step = (STEPS.find((seconds) => seconds >= ((to - from) / 1000) * (88 / (right - left))) ?? 604800) * 1000;
  const zone = new Date(begin).getTimezoneOffset() * 60000;
  for (let time = Math.ceil((from - zone) / step) * step + zone; time <= to; time += step) {
    const moment = new Date(time);
    const style = step >= 86400000 ? { month: "2-digit", day: "2-digit" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(step < 60000 && { second: "2-digit" }) };
    parts.push(draw("line", { x1: at(time), x2: at(time), y1: top, y2: bottom + 4, class: "tick" }));
    if (at(time) > left + 24 && at(time) < right - 24) parts.push(draw("text", { x: at(time), y: bottom + 18, class: "axis middle" }, moment.toLocaleString(language, style)));
  }
  lanes.forEach(([name, bins], place) => {
    const y = top + height * place + (narrow ? 30 : 15);
    parts.push(draw("line", { x1: left, x2: right, y1: y, y2: y, class: "lane" }));
    const label = cutTo(laneName(name), narrow ? right - left : left - 20);
    parts.push(narrow ? draw("text", { x: left, y: y - 12, class: "name" }, label) : draw("text", { x: left - 12, y: y + 4, class: "name end" }, label));
    const dots = new Map();
    for (const [bin, [worst, count]] of bins) {
      const x = at(axis.origin + (bin + 0.5) * axis.width);
      const cell = Math.round(x / 8);
      const [oldX, oldWorst, oldCount] = dots.get(cell) ?? [x, worst, 0];
      dots.set(cell, [oldX, Math.min(oldWorst, worst), oldCount + count]);
    }
    for (const [x, worst, count] of dots.values()) {
      const tip = draw("title", {}, `${laneName(name)}: ${say("time.findings", count)}, ${word("severity", SEVERITIES[worst])}`);
      parts.push(draw("path", { d: shape(worst, x, y, Math.min(3.6 + 0.9 * Math.log2(count), 8)), class: `dot s${worst}` }, tip));
    }
  });
  for (const { event, x, row, back, words } of flags) {
    const kind = event.event === "consent" ? "agreed" : CHANGES.has(event.event) ? "change" : "event";
    parts.push(draw("line", { x1: x, x2: x, y1: row < 0 ? top - 4 : 4 + 16 * row, y2: bottom, class: kind }));
    if (row >= 0) parts.push(draw("text", { x: back ? x - 4 : x + 4, y: 14 + 16 * row, class: `${kind}${back ? " end" : ""}` }, words));
  }
  const label = say("time.described", lanes.length);
  return draw("svg", { viewBox: `0 0 ${width} ${bottom + 26}`, width, height: bottom + 26, role: "img", "aria-label": label }, ...parts);
};
