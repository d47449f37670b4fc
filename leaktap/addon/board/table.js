// Tables whose rows stay where they are while their content changes. The roles are said because a narrow page lays rows
// out as cards, and browsers take that for no table.
class Table {
  // `columns` are [name of the text, key to sort by or null]; `cells` makes the contents of a row's cells.
  constructor(table, columns, cells, sorted) {
    Object.assign(this, { table, columns, cells, by: sorted, down: true, rows: new Map() });
    this.heads();
  }

  heads() {
    const row = make("tr", { role: "row" });
    for (const [name, key] of this.columns) {
      const head = make("th", { role: "columnheader", scope: "col", class: `c-${name.replace(".", "-")}` });
      if (key) {
        const button = make("button", { type: "button", title: say("table.sort", undefined, { what: say(name) }) }, say(name));
        button.addEventListener("click", () => this.sort(name));
        head.append(button);
        if (name === this.by) head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      } else head.append(say(name));
      row.append(head);
    }
    this.table.tHead.replaceChildren(row);
  }

  sort(name) {
    this.down = name === this.by ? !this.down : true;
    this.by = name;
    this.heads();
    this.order();
    [...this.table.tHead.rows[0].cells].find((head) => head.hasAttribute("aria-sort"))?.firstChild.focus();
  }

  order() {
    const key = this.columns.find(([name]) => name === this.by)[1];
    const side = this.down ? -1 : 1;
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, language) : a - b);
    const rows = [...this.rows.values()].sort((a, b) => side * compare(key(a.item), key(b.item)) || b.item.id - a.item.id);
    const body = this.table.tBodies[0];
    rows.forEach(({ row }, place) => { if (body.rows[place] !== row) body.insertBefore(row, body.rows[place] ?? null); });
  }

  // Shows items by id: those that are known change, those that are gone go. Those in `fresh` are lit for a moment.
  show(items, fits, fresh) {
    let shown = 0;
    for (const [id, { row }] of this.rows) if (!items.has(id)) { row.remove(); this.rows.delete(id); }
    for (const item of items.values()) {
      const known = this.rows.get(item.id) ?? { row: make("tr", { role: "row" }), item: null, cells: [] };
      this.rows.set(item.id, known);
      if (known.item !== item) {
        known.item = item;
        this.fill(known);
        if (fresh.has(item.id)) { known.row.classList.remove("fresh"); void known.row.offsetWidth; known.row.classList.add("fresh"); }
      }
      known.row.hidden = !fits(item);
      shown += !known.row.hidden;
    }
    this.order();
    this.table.hidden = !shown;
    return shown;
  }

  fill(known) {
    const open = known.row.querySelector("details")?.open;
    const focused = known.row.contains(document.activeElement) && document.activeElement.tagName === "SUMMARY";
    const cells = this.cells(known.item).map((content, place) => {
      const [name] = this.columns[place];
      return make("td", { role: "cell", class: `c-${name.replace(".", "-")}` }, make("div", {}, ...[content].flat()));
    });
    known.row.replaceChildren(...cells);
    const details = known.row.querySelector("details");
    if (details) details.open = Boolean(open);
    if (focused) known.row.querySelector("summary")?.focus();
  }

  translate() {
    this.heads();
    for (const known of this.rows.values()) this.fill(known);
  }
}

const severityMark = (severity) => make("span", { class: `sev ${severity}` }, word("severity", severity));
const line = (...content) => make("span", { class: "line" }, ...content);
const soft = (...content) => make("span", { class: "line soft" }, ...content);

const toConsent = (seconds) => {
  if (seconds === null) return "";
  return say(seconds > 0 ? "table.before" : "table.after", undefined, { time: duration(Math.abs(seconds)) });
};

const details = (group) => {
  const list = make("dl");
  const rows = [["value", group.value], ["path", group.path], ["url", group.url], ["app", group.app], ["company", group.company]];
  for (const [name, text] of rows) if (text) list.append(make("dt", {}, say(`table.${name}`)), make("dd", {}, text));
  list.append(make("dt", {}, say("table.first")), make("dd", {}, clock(group.first)));
  if (group.clauses.length) {
    const clauses = group.clauses.map((id, place) => line(make("b", {}, id), ` ${Object.hasOwn(TEXTS[language].clause, id) ? TEXTS[language].clause[id] : group.titles[place]}`));
    list.append(make("dt", {}, say("table.clauses")), make("dd", {}, ...clauses));
  }
  return make("details", {}, make("summary", {}, say("table.more")), list);
};

const GROUP_COLUMNS = [
  ["table.severity", (group) => -SEVERITIES.indexOf(group.severity)],
  ["table.what", (group) => group.identifier],
  ["table.who", (group) => group.who],
  ["table.when", (group) => Number(AGAINST.has(group.phase))],
  ["table.count", (group) => group.count],
  ["table.first", (group) => group.first],
  ["table.last", (group) => group.last],
];
const groupCells = (group) => [
  severityMark(group.severity),
  [line(make("b", {}, className(group.identifier))), soft(formWords(group.form) + (group.received ? `${word("tongue", "list")}${say("table.received")}` : "")), details(group)],
  [line(group.who), soft(word("party", group.party), group.host !== group.who ? ` · ${group.host}` : "")],
  [make("span", { class: AGAINST.has(group.phase) ? "line against" : "line" }, phaseWords(group.phase, group.background)), soft(toConsent(group.seconds))],
  number(group.count),
  clock(group.first),
  clock(group.last),
];

const BLIND_COLUMNS = [
  ["blind.host", (blind) => blind.host],
  ["blind.why", (blind) => blind.why],
  ["blind.times", (blind) => blind.count],
  ["blind.bytes", (blind) => blind.bytes],
  ["table.last", (blind) => blind.last],
];
const blindCells = (blind) => [
  [line(make("b", {}, blind.host || blind.protocol)), soft(blind.who)],
  [line(word("blind_why", blind.why)), soft([blind.protocol, blind.detail].filter(Boolean).join(" · "))],
  number(blind.count),
  bytes(blind.bytes),
  clock(blind.last),
];
