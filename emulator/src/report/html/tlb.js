// ---- The TLB. ----

const CELL = 11;
const STEP = 13;

function tlbTip(entry, set) {
  const lines = [`set ${set}: va ${entry.va} to pa ${entry.pa}, ${bytes(entry.page_size)}`,
    `${entry.letters}${entry.pbmt ? " " + entry.pbmt : ""}, ${entry.global ? "global" : `ASID ${entry.asid}`}, ${entry.mode}`,
    `filled at instruction ${count(entry.filled_at)}, ${many(entry.age, "instruction")} ago`];
  if (entry.symbol) lines.push(entry.symbol);
  lines.push(agreementWords(entry));
  return lines.join("\n");
}

function agreementWords(entry) {
  switch (entry.agreement) {
    case "agrees": return "The tables say the same.";
    case "behind": return `The tables say the same but for ${entry.tables}.`;
    case "stale": return `STALE: ${entry.tables}.`;
    default: return "Its address space is not known, so it was compared with nothing.";
  }
}

function drawArray(array) {
  const form = data.shapes.find((one) => one.name === array.name);
  const { sets, ways } = form;
  const bySet = new Map();
  const youngest = array.entries.reduce((least, entry) => Math.min(least, entry.age), Infinity);
  const oldest = array.entries.reduce((most, entry) => Math.max(most, entry.age), 0);
  for (const entry of array.entries) {
    const bits = BigInt(Math.round(Math.log2(entry.page_size)));
    const set = Number((big(entry.va) >> bits) & BigInt(sets - 1));
    if (!bySet.has(set)) bySet.set(set, []);
    bySet.get(set).push(entry);
  }
  // A row of the drawing is up to 64 columns: sets side by side, each a column of its ways; or,
  // with one set, its ways side by side.
  const single = sets === 1;
  const columns = single ? ways : sets;
  const perRow = Math.min(64, columns);
  const tall = single ? 1 : ways;
  const box = el("div", { class: "grid-of-sets" });
  let emptyFrom = -1;
  const emptyRow = (to) => {
    if (emptyFrom < 0) return;
    box.append(el("div", { class: "sets" }, el("span", { class: "label" }, ""), el("span", { class: "soft" }, `${single ? "ways" : "sets"} ${emptyFrom} to ${to} are empty`)));
    emptyFrom = -1;
  };
  const age = (entry) => (oldest > youngest ? 1 - 0.78 * (Math.log((1 + entry.age) / (1 + youngest)) / Math.log((1 + oldest) / (1 + youngest))) : 1);
  for (let from = 0; from < columns; from += perRow) {
    const to = Math.min(columns, from + perRow);
    const filled = [];
    for (let column = from; column < to; column += 1) {
      const list = bySet.get(single ? 0 : column) || [];
      if (single) {
        if (list[column]) filled.push([column - from, 0, list[column], 0]);
      } else {
        list.forEach((entry, way) => filled.push([column - from, way, entry, column]));
      }
    }
    if (filled.length === 0 && columns > perRow) {
      if (emptyFrom < 0) emptyFrom = from;
      continue;
    }
    emptyRow(from - 1);
    const svg = shape("svg", { width: perRow * STEP, height: tall * STEP, role: "group", "aria-label": `${array.name}, from ${from}` });
    const taken = new Set(filled.map(([x, y]) => `${x},${y}`));
    let path = "";
    for (let x = 0; x < to - from; x += 1) {
      for (let y = 0; y < tall; y += 1) {
        if (!taken.has(`${x},${y}`)) path += `M${x * STEP + 1.5} ${y * STEP + 1.5}h${CELL - 1}v${CELL - 1}h${1 - CELL}z`;
      }
    }
    svg.append(shape("path", { d: path, class: "empty-cell" }));
    for (const [x, y, entry, set] of filled) {
      const cell = shape("rect", {
        x: x * STEP + 1, y: y * STEP + 1, width: CELL, height: CELL, rx: 1.5, class: `tlb-cell ${entry.agreement}`,
        "fill-opacity": entry.agreement === "stale" ? 1 : age(entry).toFixed(2), role: "img", "aria-label": tlbTip(entry, set),
      });
      tipFor(cell, () => tlbTip(entry, set));
      svg.append(cell);
    }
    box.append(el("div", { class: "sets" }, el("span", { class: "label" }, columns > perRow || !single ? `${from}-${to - 1}` : ""), svg));
  }
  emptyRow(columns - 1);
  rove(box, ".tlb-cell");
  const stale = array.entries.filter((entry) => entry.agreement === "stale").length;
  const total = walk.overview.tlb.find((one) => one.name === array.name);
  const words = `${single ? `fully associative, ${many(ways, "way")}` : `${many(sets, "set")} x ${many(ways, "way")}`}, ${form.replacement}. ${count(total ? total.held : array.entries.length)} of ${count(sets * ways)} held; ${many(form.fills, "fill")}, ${many(form.evictions, "eviction")}, ${count(form.flushed)} dropped by fences.`;
  return el("div", { class: "array" }, el("h3", {}, array.name), el("p", { class: "soft" }, words, stale ? el("span", { class: "bad" }, ` ${many(stale, "entry is", "entries are")} stale.`) : ""),
    box, array.entries.length ? tlbTable(array) : null);
}

function tlbTable(array) {
  const details = el("details", { class: "chunk" }, el("summary", {}, `Table of the ${many(array.entries.length, "entry", "entries")}`));
  details.addEventListener("toggle", () => {
    if (!details.open || details.childElementCount > 1) return;
    const cells = (entry) => [
      [entry.va, "mono"], [entry.pa, "mono"], [bytes(entry.page_size), ""], [entry.global ? "all" : String(entry.asid), "n"], [entry.letters + (entry.pbmt ? ` ${entry.pbmt}` : ""), "mono"],
      [count(entry.age), "n"], [agreementWords(entry), entry.agreement === "stale" ? "bad" : ""], [entry.origin.join(" > "), "mono"], [entry.symbol || "", ""],
    ];
    details.append(el("div", { class: "scroll" }, el("table", {},
      el("thead", {}, el("tr", {}, [["va", ""], ["pa", ""], ["page", ""], ["ASID", "n"], ["bits", ""], ["age", "n"], ["tables", ""], ["entries it came from", ""], ["symbol", ""]].map(([name, kind]) => el("th", { class: kind || null }, name)))),
      el("tbody", {}, array.entries.map((entry) => el("tr", {}, cells(entry).map(([text, kind]) => el("td", { class: kind || null }, text))))))));
  });
  return details;
}

function drawTlb() {
  const arrays = walk.tlb ? walk.tlb.arrays : [];
  if (arrays.length === 0) {
    show("tlb-body", el("p", {}, "The TLB is off: every access walks the tables."));
    return;
  }
  const shade = (opacity, name) => {
    const svg = shape("svg", { width: 14, height: 14, style: "vertical-align:-2px;margin-right:5px" });
    svg.append(shape("rect", { x: 1, y: 1, width: CELL, height: CELL, rx: 1.5, class: name, "fill-opacity": opacity }));
    return svg;
  };
  show("tlb-body", ofHart.map((one) => one.cloneNode(true)), el("div", { class: "legend" },
    el("span", {}, shade(1, "tlb-cell"), "filled just now"), el("span", {}, shade(0.3, "tlb-cell"), "long ago"),
    el("span", {}, shade(1, "tlb-cell stale"), "stale: the tables say something else"), el("span", {}, shade(0.8, "tlb-cell unknown"), "address space not known"), el("span", {}, shade(1, "empty-cell"), "empty"),
    el("span", {}, "Each column is a set. Which way of its set an entry has is not told.")), arrays.map(drawArray));
}
