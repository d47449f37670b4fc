// Words, and elements made of text alone.
const TEXTS = JSON.parse(document.getElementById("texts").textContent);
const SEVERITIES = ["critical", "high", "medium", "low", "info"];
const AGAINST = new Set(["before_notice", "before_consent", "refused", "withdrawn"]);
const by = (id) => document.getElementById(id);

const kept = (() => { try { return localStorage.getItem("language"); } catch { return null; } })();
const wanted = [kept, ...navigator.languages].filter(Boolean).map((tag) => tag.slice(0, 2).toLowerCase());
let language = wanted.find((name) => Object.hasOwn(TEXTS, name)) ?? "en";

const word = (table, name) => (Object.hasOwn(TEXTS[language][table], name) ? TEXTS[language][table][name] : name);
const number = (value) => value.toLocaleString(language);
const say = (place, n, values = {}) => {
  const [section, name] = place.split(".");
  let text = TEXTS[language][section][name];
  if (n !== undefined) {
    const [one, many = one] = text.split("|");
    text = n === 1 ? one : many;
    values = { ...values, n: number(n) };
  }
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
};

const make = (name, about = {}, ...children) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(about)) {
    if (key === "class") element.className = value;
    else element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== "").map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return element;
};
const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };

const clock = (time) => {
  const moment = new Date(time);
  const today = moment.toDateString() === new Date().toDateString();
  const hour = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return moment.toLocaleString(language, today ? hour : { month: "2-digit", day: "2-digit", ...hour });
};
const bytes = (count) => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; count >= 999.5 && unit < 4; unit++) count /= 1000;
  return `${unit && count < 99.95 ? count.toFixed(1) : number(Math.round(count))} ${units[unit]}`;
};
const share = (part, all) => {
  if (!all || part === all) return "100%";
  return part ? `${Math.min(Math.max((part / all) * 100, 0.1), 99.9).toFixed(1)}%` : "0%";
};
const duration = (seconds) => {
  const [unit, by] = seconds < 119.5 ? ["s", 1] : seconds < 7170 ? ["min", 60] : seconds < 172800 ? ["h", 3600] : ["d", 86400];
  return word("unit", unit).replace("{n}", seconds < 9.95 ? seconds.toFixed(1) : number(Math.round(seconds / by)));
};
const phaseWords = (name, background) => word("phase", name) + (background ? `${word("tongue", "list")}${say("page.background")}` : "");
const className = (name) => word("class", name).replace(/^custom\./, "");
const formWords = (form) => form.map((each) => word("form", each)).join(word("tongue", "list")) || word("form", "plain");
const laneName = (name) => name || say("time.others");
