"use strict";
(() => {
  const open = () => {
    const there = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (there && there.tagName === "DETAILS") there.open = true;
  };
  addEventListener("hashchange", open);
  open();
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));

  const bar = document.querySelector(".filter");
  if (bar) {
    const [search, severity, told] = ["input", "select", "output"].map((name) => bar.querySelector(name));
    const blocks = [...document.querySelectorAll(".clause-block")].map((block) => ({
      block,
      rows: [...block.querySelectorAll("tbody tr")].map((row) => ({ row, text: row.textContent.toLowerCase() })),
    }));
    const say = told.dataset.text.split("|");
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const asked = words.length > 0 || severity.value !== "";
      let count = 0;
      for (const { block, rows } of blocks) {
        let here = 0;
        for (const { row, text } of rows) {
          const fits = words.every((word) => text.includes(word)) && (!severity.value || row.dataset.severity === severity.value);
          row.hidden = !fits;
          here += fits;
        }
        block.hidden = asked && !here;
        count += here;
      }
      told.textContent = asked ? say[count === 1 ? 0 : say.length - 1].replace("{n}", count.toLocaleString("en")) : "";
    };
    search.addEventListener("input", apply);
    severity.addEventListener("change", apply);
    bar.hidden = false;
  }

  const key = (row, column) => row.children[column].dataset.sort ?? row.children[column].textContent.trim();
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        heads.forEach((each) => each.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => order.compare(key(a, column), key(b, column)) * (down ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  }
})();
