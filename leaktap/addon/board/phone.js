"use strict";
(() => {
  const form = document.forms[0];
  const token = form.k.value;
  const by = (id) => document.getElementById(id);
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const cell = (first, second, kind = "") => {
    const cell = document.createElement("td");
    const top = document.createElement("span");
    top.className = kind;
    top.textContent = first;
    cell.append(top);
    if (second !== undefined) cell.append(document.createElement("br"), second);
    return cell;
  };
  let newest = null;
  const show = ({ words, findings }) => {
    put(by("zh"), words.zh);
    put(by("en"), words.en);
    by("none").hidden = findings.length > 0;
    document.querySelector("table").hidden = !findings.length;
    const text = JSON.stringify(findings);
    if (text === newest) return;
    if (newest !== null && findings.length) put(by("news"), `${findings[0][2]} → ${findings[0][4]}, ${findings[0][1]}`);
    newest = text;
    document.querySelector("tbody").replaceChildren(...findings.map(([time, severity, name, form, who, host, phase, clauses]) => {
      const row = document.createElement("tr");
      row.append(cell(time), cell(name, form, severity), cell(who, host), cell(phase, clauses));
      return row;
    }));
  };
  const ask = async () => {
    const reply = await fetch(`/state?k=${encodeURIComponent(token)}`);
    if (reply.ok) show(await reply.json());
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams({ k: token, event: event.submitter.value });
    const reply = await fetch("/mark", { method: "POST", body }).catch(() => null);
    by("failed").hidden = Boolean(reply?.ok);
    ask().catch(() => {});
  });
  const again = () => ask().catch(() => {}).finally(() => setTimeout(again, 3000));
  again();
})();
