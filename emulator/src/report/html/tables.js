// ---- The tables. ----

const BITS = [["N", 63n], ["D", 7n], ["A", 6n], ["G", 5n], ["U", 4n], ["X", 3n], ["W", 2n], ["R", 1n], ["V", 0n]];

function pteBits(pte) {
  return el("span", { class: "pte", "aria-label": BITS.filter(([, bit]) => (pte >> bit) & 1n).map(([name]) => name).join(" ") || "no bit" },
    BITS.filter(([name, bit]) => name !== "N" || (pte >> bit) & 1n)
      .map(([name, bit]) => el("span", { class: (pte >> bit) & 1n ? "set" : null }, name)));
}

const lettersClass = (pte) => [["r", 1n], ["w", 2n], ["x", 3n]].map(([c, bit]) => ((pte >> bit) & 1n ? c : "")).join("");

function runIndex(run) {
  return run.first === run.last ? `[${run.first}]` : `[${run.first}-${run.last}]`;
}

function runRow(run, table, depth) {
  const index = () => el("span", { class: "idx", style: `width:${14.5 - 1.6 * depth}em` }, runIndex(run));
  const n = run.last - run.first + 1;
  const pte = big(run.pte);
  if (run.kind === "not-valid") {
    return el("div", { class: "run soft" }, index(),
      n === 1 ? "not valid" : `${many(n, "entry", "entries")} not valid`, pte ? el("span", { class: "raw" }, `${n > 1 ? "first: " : ""}${run.pte}`) : null);
  }
  const columns = [index(), el("span", { class: "va" }, address(big(run.va))), el("span", { class: "raw" }, run.pte), pteBits(pte)];
  const entry = `entry at pa ${run.entry}`;
  switch (run.kind) {
    case "table": {
      const summary = el("summary", { title: entry }, columns, `to the table of level ${run.table.level} at pa ${run.table.at}${run.table.symbol ? ` <${run.table.symbol}>` : ""}`);
      return lazyTable(run.table, summary, depth + 1);
    }
    case "leaves": {
      const size = BigInt(run.page_size);
      const each = 1n << BigInt(12 + 9 * table.level);
      const words = n === 1 ? `pa ${run.pa}, ${bytes(size)}` : `pa ${run.pa}, ${bytes(each * BigInt(n))} in pages of ${bytes(size)}`;
      const button = el("button", { type: "button", class: "run leaf", title: `${entry}; shows it in the map`, "data-va": run.va, onclick: () => chooseLeaf(button, big(run.va)) },
        columns, el("span", { class: `tint ${lettersClass(pte)}` }), words, run.symbol ? el("span", { class: "soft" }, run.symbol) : null);
      return button;
    }
    case "broken":
      return el("button", { type: "button", class: "run leaf", title: entry, "data-va": run.va, onclick: (event) => chooseLeaf(event.currentTarget, big(run.va)) },
        columns, el("span", { class: "bad" }, `broken: ${run.text}`));
    case "again":
      return el("div", { class: "run", title: entry }, columns, `to the table at pa ${run.table}, told above`);
    case "loop":
      return el("div", { class: "run", title: entry }, columns, el("span", { class: "bad" }, `back to the table of level ${run.level} at pa ${run.table}: a loop`));
    default:
      return el("div", { class: "run", title: entry }, columns, `to the table at pa ${run.table}, which is not in this page`);
  }
}

function chooseLeaf(button, va) {
  byId("tree-body").querySelectorAll(".selected").forEach((one) => one.classList.remove("selected"));
  button.classList.add("selected");
  const place = itemOf(va);
  if (place >= 0) select(items[place], true);
}

/** A table that is drawn when it is opened. */
function lazyTable(table, summary, depth, open) {
  const details = el("details", {}, summary);
  details.fill = () => {
    if (details.childElementCount === 1) details.append(el("div", { class: "inside" }, table.entries.map((run) => runRow(run, table, depth))));
  };
  details.addEventListener("toggle", () => details.open && details.fill());
  if (open) {
    details.fill();
    details.open = true;
  }
  return details;
}

function countRuns(table) {
  return table.entries.reduce((sum, run) => sum + 1 + (run.kind === "table" ? countRuns(run.table) : 0), 0);
}

function openAll(details) {
  details.fill();
  details.open = true;
  details.querySelectorAll(":scope > .inside > details").forEach(openAll);
}

function drawTree() {
  if (!tree || !tree.root) {
    show("tree-body", el("p", {}, levelsOf(map.satp) ? "The tables of this address space are not in this page." : "satp is bare, so there are no tables."));
    return;
  }
  const root = tree.root;
  const runs = countRuns(root);
  const summary = el("summary", {}, el("strong", {}, `Root, level ${root.level}`), `table at pa ${root.at}${root.symbol ? ` <${root.symbol}>` : ""}`);
  const top = lazyTable(root, summary, 0, true);
  if (runs <= 150) openAll(top);
  const head = el("p", { class: "soft" }, "Neighbours that say the same are one line. Choose a leaf to see it in the map.");
  const all = runs > 150 && runs <= 5000 ? el("button", { type: "button", onclick: () => openAll(top) }, "Open all") : null;
  show("tree-body", head, all, el("div", { class: "tables" }, top));
}
