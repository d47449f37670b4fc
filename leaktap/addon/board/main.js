// What the session told so far, and how it is shown. Nothing grows beyond what the session keeps.
const token = new URLSearchParams(location.search).get("k") ?? "";
const state = { groups: new Map(), blind: new Map(), lanes: new Map(), events: [], said: null };
let name = "";
let all = false;
let heard = 0;
let drawn = 0;
let first = true;
const groups = new Table(by("groups"), GROUP_COLUMNS, groupCells, "table.first");
const blinds = new Table(by("blinds"), BLIND_COLUMNS, blindCells, "table.last");

const drop = (items, oldest) => { for (const [id, item] of items) if (item.v < oldest) items.delete(id); };

const take = (said) => {
  const old = state.said;
  if (!old || old.run !== said.run) {
    for (const items of [state.groups, state.blind, state.lanes]) items.clear();
    state.events = [];
    first = true;
  } else if (old.axis.width !== said.axis.width) for (const lane of state.lanes.values()) lane.bins.clear();
  state.said = said;
  name = `${said.run}.${said.v}`;
  if (said.events) state.events = said.events;
  const fresh = new Set();
  const news = said.groups.filter((group) => !state.groups.has(group.id));
  for (const group of said.groups) { state.groups.set(group.id, group); fresh.add(group.id); }
  for (const blind of said.blind) state.blind.set(blind.id, blind);
  for (const lane of said.lanes) {
    const old = state.lanes.get(lane.name);
    const known = { id: lane.id, bins: old?.id === lane.id ? old.bins : new Map() };
    for (const [place, worst, count] of lane.bins) known.bins.set(place, [worst, count]);
    state.lanes.set(lane.name, known);
  }
  drop(state.groups, said.kept.groups);
  drop(state.blind, said.kept.blind);
  const lanes = new Set(said.kept.lanes);
  for (const [lane, { id }] of state.lanes) if (!lanes.has(id)) state.lanes.delete(lane);
  show(first ? new Set() : fresh);
  if (!first) tell(news);
  if (!said.more) first = false;
};

// For who does not see the table: what is new, in one sentence.
const tell = (news) => {
  if (!news.length) return;
  const [group] = news;
  const one = { what: className(group.identifier), who: group.who, severity: word("severity", group.severity) };
  put(by("news"), news.length === 1 ? say("table.new", undefined, one) : say("table.news", news.length));
};

const total = (label, value, more, kind = "") => make("li", { class: kind }, make("b", {}, value), make("span", {}, label), make("small", {}, more));

const totals = ({ severities, sums }) => {
  const found = Object.values(severities).reduce((a, b) => a + b, 0);
  const worst = SEVERITIES.filter((each) => severities[each]).map((each) => `${number(severities[each])} ${word("severity", each)}`);
  let against = 0;
  for (const group of state.groups.values()) if (AGAINST.has(group.phase)) against += group.count;
  const seen = sums.bytes + sums.unseen;
  by("totals").replaceChildren(
    total(say("totals.findings"), number(found), worst.slice(0, 3).join(word("tongue", "list"))),
    total(say("totals.bad"), number(against), "", against ? "bad" : "good"),
    total(say("totals.recipients"), number(state.lanes.size), `${number(sums.exchanges)} ${say("totals.exchanges").toLowerCase()}`),
    total(say("totals.inspected"), share(sums.bytes, seen), say("totals.of", undefined, { n: bytes(seen) })),
    total(say("totals.blind"), bytes(sums.unseen), say("totals.times", sums.blind), sums.blind ? "some" : ""),
  );
};

const worstOf = (lane) => Math.min(...[...lane.bins.values()].map(([worst]) => worst));
const countOf = (lane) => [...lane.bins.values()].reduce((sum, [, count]) => sum + count, 0);

const picture = () => {
  drawn = Date.now();
  const ranked = [...state.lanes].filter(([, lane]) => lane.bins.size).sort(([a, one], [b, other]) =>
    (a === "") - (b === "") || worstOf(one) - worstOf(other) || countOf(other) - countOf(one) || a.localeCompare(b));
  const lanes = ranked.slice(0, all ? undefined : FEW_LANES).map(([lane, { bins }]) => [lane, bins]);
  put(by("notime"), lanes.length ? "" : say("time.none"));
  const button = by("lanes");
  button.hidden = ranked.length <= FEW_LANES;
  put(button, all ? say("time.few") : say("time.all", ranked.length));
  button.setAttribute("aria-expanded", String(all));
  by("legend").hidden = !lanes.length;
  const width = Math.floor(by("timeline").clientWidth);
  if (!lanes.length || width < 50) return by("timeline").replaceChildren();
  by("timeline").replaceChildren(timeline(lanes, state.events, state.said.axis, state.said.now, width));
};

const findings = (fresh) => {
  const words = by("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [severity, bad] = [by("severity").value, by("bad").checked];
  const fits = (group) => {
    if (severity && group.severity !== severity) return false;
    if (bad && !AGAINST.has(group.phase)) return false;
    if (!words.length) return true;
    const texts = [group.identifier, className(group.identifier), formWords(group.form), group.who, group.company, group.host, group.url, group.path,
      group.value, group.app, ...group.clauses, word("phase", group.phase)];
    const text = texts.join(" ").toLowerCase();
    return words.every((each) => text.includes(each));
  };
  const shown = groups.show(state.groups, fits, fresh);
  put(by("shown"), state.groups.size ? say("table.shown", shown) : "");
  const gone = state.said.gone.groups;
  put(by("nogroups"), [!state.groups.size && say("table.none"), state.groups.size && !shown && say("table.nomatch"), gone && say("table.gone", gone)].filter(Boolean).join(" "));
};

const show = (fresh = new Set()) => {
  const { said } = state;
  if (!said) return;
  put(by("app"), said.app);
  put(by("now"), phaseWords(said.phase, said.background));
  by("phase").className = AGAINST.has(said.phase) ? "against" : said.phase === "consented" ? "agreed" : "";
  put(by("notes"), [said.waiting > 500 && say("page.waiting", said.waiting), said.sums.faults && say("page.faults", said.sums.faults)].filter(Boolean).join(" · "));
  totals(said);
  if (!said.more || Date.now() - drawn > 1000) picture();
  findings(fresh);
  blinds.show(state.blind, () => true, new Set());
  const gone = said.gone.blind;
  put(by("noblinds"), [!state.blind.size && say("blind.none"), gone && say("blind.gone", gone)].filter(Boolean).join(" "));
};

const link = (place) => {
  const live = place === "page.live";
  by("link").className = live ? "on" : "off";
  put(by("link"), say(place));
  by("link").dataset.place = place;
};

// A stream that breaks is begun anew by the browser; one that is refused, here.
const connect = () => {
  const source = new EventSource(`events?k=${encodeURIComponent(token)}&since=${encodeURIComponent(name)}`);
  source.onmessage = ({ data }) => {
    heard = Date.now();
    link("page.live");
    take(JSON.parse(data));
  };
  source.onerror = async () => {
    if (source.readyState !== EventSource.CLOSED) return;
    source.close();
    setTimeout(connect, 4000);
    const answer = await fetch(`state?k=${encodeURIComponent(token)}`).catch(() => null);
    link(!answer ? "page.lost" : answer.status === 403 ? "page.ended" : "page.crowded");
  };
};
setInterval(() => { if (heard && Date.now() - heard > 12000 && by("link").dataset.place === "page.live") link("page.lost"); }, 1000);

const translate = () => {
  document.documentElement.lang = word("tongue", "lang");
  document.title = `leaktap · ${say("page.title")}`;
  for (const element of document.querySelectorAll("[data-t]")) put(element, say(element.dataset.t));
  for (const element of document.querySelectorAll("[data-aria]")) element.setAttribute("aria-label", say(element.dataset.aria));
  by("words").placeholder = say("table.hint");
  const severity = by("severity").value;
  by("severity").replaceChildren(make("option", { value: "" }, say("table.any")), ...SEVERITIES.map((each) => make("option", { value: each }, word("severity", each))));
  by("severity").value = severity;
  by("legend").replaceChildren(...SEVERITIES.map((each, place) => make("li", {}, key(place), word("severity", each))), make("li", {}, make("span", { class: "key ground" }), say("time.without")));
  for (const table of [groups, blinds]) table.translate();
  link(by("link").dataset.place ?? "page.connecting");
  show();
};

by("language").append(...Object.keys(TEXTS).map((each) => make("option", { value: each, lang: TEXTS[each].tongue.lang }, TEXTS[each].page.language)));
by("language").value = language;
by("language").addEventListener("change", () => {
  language = by("language").value;
  try { localStorage.setItem("language", language); } catch { /* It is forgotten, then. */ }
  translate();
});
by("filter").addEventListener("submit", (event) => event.preventDefault());
for (const id of ["words", "severity", "bad"]) by(id).addEventListener("input", () => state.said && findings(new Set()));
by("lanes").addEventListener("click", () => { all = !all; picture(); });
let width = 0;
new ResizeObserver(() => {
  const now = by("timeline").clientWidth;
  if (state.said && now !== width) picture();
  width = now;
}).observe(by("timeline"));
translate();
connect();
