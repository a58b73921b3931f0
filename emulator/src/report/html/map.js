// ---- The map. ----

const rangeClass = (item) => (item.broken ? "broken" : rights(item.range.letters) || "broken");
const TOP = (1n << 64n) - 1n;

/** What lies between two mapped ranges: unmapped addresses, and those that are not canonical. */
function gaps(first, last) {
  const levels = levelsOf(map.satp);
  const half = 1n << BigInt(11 + 9 * levels);
  const pieces = [[0n, half - 1n, false], [half, TOP - half, true], [TOP - half + 1n, TOP, false]];
  return pieces
    .map(([from, to, hole]) => ({ from: from > first ? from : first, to: to < last ? to : last, hole }))
    .filter((piece) => piece.from <= piece.to);
}

function gapRow(gap) {
  const size = bytes(gap.to - gap.from + 1n);
  return el("div", { class: "row" }, el("div", { class: "at" }, address(gap.from)),
    el("div", { class: gap.hole ? "gap hole" : "gap" }, el("span", {}, gap.hole ? "not canonical: no address of this mode" : `not mapped, ${size}`)));
}

function rangeRow(item) {
  const { range } = item;
  const pages = Number(range.bytes / PAGE);
  const height = Math.round(Math.min(28 + 5.5 * Math.log2(Math.max(1, pages)), 110));
  const what = item.broken ? `broken: ${range.text}` : range.symbol || "";
  const button = el("button", {
    type: "button", class: `range ${rangeClass(item)}`, style: `height:${height}px`, "data-va": range.va,
    onclick: () => select(item),
  },
    el("span", { class: "letters" }, item.broken ? "!" : range.letters),
    item.broken || !isUser(range.letters) ? null : el("span", { class: "user-mark" }, "user"),
    el("span", { class: "what" }, what),
    el("span", { class: "size" }, sizeWords(range, item.broken)),
    item.broken ? null : el("span", { class: "to" }, `pa ${range.pa}`));
  tipFor(button, () => rangeTip(item));
  return el("div", { class: "row" }, el("div", { class: "at" }, address(range.first)), button);
}

function sizeWords(range, broken) {
  if (broken) return many(range.count, "entry", "entries");
  const page = BigInt(range.page_size);
  const pages = range.bytes / page;
  return pages === 1n ? `${bytes(page)} page` : `${bytes(range.bytes)} in ${count(pages)} x ${bytes(page)}`;
}

function rangeTip(item) {
  const { range } = item;
  const lines = [`va ${range.va} to ${range.last}`];
  if (item.broken) {
    lines.push(`Every access faults: ${range.text}.`, `Entry at pa ${range.entry} = ${range.pte}, level ${range.level}`);
  } else {
    lines.push(`pa ${range.pa} to ${range.last_pa}`, sizeWords(range, false), `${RIGHTS[rights(range.letters)]}, ${bitWords(range)}`);
    if (range.symbol) lines.push(range.symbol);
  }
  return lines.join("\n");
}

/** Rows with the gaps between them. */
function rows(list, start) {
  const made = [];
  let next = start;
  for (const item of list) {
    if (next !== null && item.range.first > next) made.push(...gaps(next, item.range.first - 1n).map(gapRow));
    made.push(rangeRow(item));
    next = item.range.end === TOP ? null : item.range.end + 1n;
  }
  return { made, next };
}

function chunks() {
  const list = [];
  for (let i = 0; i < items.length; i += CHUNK) list.push(items.slice(i, i + CHUNK));
  return list;
}

/** Folds a long list; each part is drawn when it is opened. */
function fold(parts, words, draw) {
  return parts.map((part, index) => {
    const details = el("details", { class: "chunk", "data-chunk": index }, el("summary", {}, words(part)));
    const fill = () => {
      if (details.childElementCount === 1) details.append(...draw(part, index));
    };
    details.addEventListener("toggle", () => details.open && fill());
    details.fill = fill;
    return details;
  });
}

const chunkWords = (part) => {
  const last = part[part.length - 1].range;
  // A strip of the colours of the ranges, neighbours of one colour as one piece.
  const strip = [];
  for (const item of part) {
    const kind = rangeClass(item);
    const before = strip[strip.length - 1];
    if (before && before.kind === kind) before.n += 1;
    else strip.push({ kind, n: 1 });
  }
  return [el("span", { class: "strip", "aria-hidden": "true" }, strip.map((piece) => el("i", { class: piece.kind, style: `flex:${piece.n}` }))),
    `${many(part.length, "range")}, ${part[0].range.va} to ${last.last}`];
};

function drawMap() {
  const head = [];
  if (map.missing) {
    head.push(el("p", {}, "The map of this address space is not in this page."));
  } else if (levelsOf(map.satp) === 0) {
    head.push(el("p", {}, "satp is bare: nothing is translated, so there are no tables and no map. Every address is its own physical address."));
  } else {
    head.push(el("p", { class: "soft" }, `${spaceName(map.satp)}${map.present ? ", the present one" : ", not the present one"}: ${many(items.length, "range")}${data.left_out.ranges ? " in this page" : ""}, ${bytes(map.mapped_bytes)} mapped by ${many(map.leaves, "leaf", "leaves")} in ${many(map.tables, "table")}.`));
  }
  if (map.cut_at) head.push(el("p", { class: "note" }, `The tables are so many that nothing from ${map.cut_at} on was read.`));
  if (items.length === 0) {
    if (!map.missing && levelsOf(map.satp)) head.push(el("p", {}, "No address is mapped."));
    show("map-body", head);
    return;
  }
  const swatch = (name, text) => el("span", {}, el("i", { class: `swatch ${name}` }), text);
  const legend = el("div", { class: "legend" },
    swatch("rx", "execute"), swatch("r", "read only"), swatch("rw", "write"), swatch("rwx", "write and execute"),
    swatch("x", "execute only"), swatch("broken", "breaks a rule"), swatch("gap-swatch", "not mapped"),
    el("span", {}, el("span", { class: "user-mark" }, "user"), " user mode may use it"));
  const bar = el("div", { class: "bar-row" },
    choice("Form of the map", "map-form", [["drawing", "Drawing"], ["table", "Table"]], mapForm, (value) => { mapForm = value; drawMap(); }),
    mapForm === "table" ? el("button", { type: "button", onclick: copyTable }, "Copy") : el("span", { class: "soft" }, "Heights grow with the logarithm of the size; gaps are cut short."));
  show("map-body", head, legend, bar, mapForm === "table" ? mapTable() : mapDrawing());
  markSelected(false);
}

function mapDrawing() {
  const body = el("div", { id: "drawing" });
  if (items.length <= 4 * CHUNK) {
    const { made, next } = rows(items, 0n);
    body.append(...made, ...(next === null ? [] : gaps(next, TOP).map(gapRow)));
  } else {
    body.className = "folded";
    body.append(...fold(chunks(), chunkWords, (part) => rows(part, part[0].range.first).made));
  }
  return body;
}

const COLUMNS = ["first va", "last va", "first pa", "size", "page", "bits", "symbol"];

function tableCells(item) {
  const { range } = item;
  if (item.broken) return [range.va, range.last, "", "", "", "broken", range.text];
  const rest = (range.pbmt ? ` ${range.pbmt}` : "") + (range.rsw ? ` rsw=${range.rsw}` : "");
  return [range.va, range.last, range.pa, bytes(range.bytes), bytes(range.page_size), range.letters + rest, range.symbol || ""];
}

const tableRow = (item) => el("tr", { "data-va": item.range.va, onclick: () => select(item) },
  tableCells(item).map((text, index) => el("td", { class: index < 6 ? "mono" : null }, text)));

function mapTable() {
  const grid = (list) => {
    const table = el("table", {},
      el("thead", {}, el("tr", {}, COLUMNS.map((name) => el("th", {}, name)))), el("tbody", {}, list.map(tableRow)));
    rove(table, "tr[data-va]");
    return el("div", { class: "scroll" }, table);
  };
  const body = el("div", { id: "drawing" });
  if (items.length <= 10 * CHUNK) body.append(grid(items));
  else {
    body.className = "folded";
    body.append(...fold(chunks(), chunkWords, (part) => [grid(part)]));
  }
  return body;
}

function copyTable(event) {
  const text = [COLUMNS, ...items.map(tableCells)].map((cells) => cells.join("\t")).join("\n");
  const said = (words) => { event.target.textContent = words; };
  if (!navigator.clipboard) said("Select and copy the table: this browser does not let a file do it");
  else navigator.clipboard.writeText(text).then(() => said("Copied"), () => said("The browser refused"));
}

// ---- One range. ----

function itemOf(va) {
  const place = lastAtOrBelow(items, (item) => item.range.first, va);
  return place >= 0 && va <= items[place].range.end ? place : -1;
}

function select(item, scroll) {
  selected = items.indexOf(item);
  markSelected(scroll);
  drawDetails();
}

function markSelected(scroll) {
  const drawing = byId("drawing");
  if (!drawing || selected < 0) return;
  drawing.querySelectorAll(".selected").forEach((one) => one.classList.remove("selected"));
  const folded = drawing.querySelector(`[data-chunk="${Math.floor(selected / CHUNK)}"]`);
  if (folded && scroll) {
    folded.fill();
    folded.open = true;
  }
  const mark = drawing.querySelector(`[data-va="${items[selected].range.va}"]`);
  if (!mark) return;
  mark.classList.add("selected");
  if (scroll) mark.scrollIntoView({ block: "center" });
}

function heatOf(first, last) {
  const heat = data.heat.find((one) => one.satp && one.satp.value === map.satp.value);
  if (!heat) return null;
  const sums = [0, 0, 0, 0, 0];
  const bits = BigInt(heat.bits);
  for (const cell of heat.cells) {
    const at = big(cell[0]);
    if (at <= last && at + (1n << bits) - 1n >= first) for (let i = 0; i < 5; i += 1) sums[i] += cell[i + 1];
  }
  return sums;
}

const heatWords = (sums) => `${many(sums[0], "fetch", "fetches")}, ${many(sums[1], "load")}, ${many(sums[2], "store")}; ${many(sums[3], "TLB miss", "TLB misses")}, ${many(sums[4], "fault")}`;

function drawDetails() {
  if (selected < 0) {
    show("details-body", el("p", { class: "soft" }, items.length ? "Choose a range of the map, or a leaf of the tables." : "There is no range to choose."));
    return;
  }
  const item = items[selected];
  const { range } = item;
  const facts = [["Virtual", el("code", {}, `${range.va} to ${range.last}`)]];
  if (item.broken) {
    facts.push(["Fault", el("span", { class: "bad" }, range.text)], ["Level", String(range.level)], ["Entries", count(range.count)],
      ["First entry", el("code", {}, `pa ${range.entry} = ${range.pte}`)]);
  } else {
    facts.push(["Physical", el("code", {}, `${range.pa} to ${range.last_pa}`)], ["Size", sizeWords(range, false)],
      ["Rights", [el("code", {}, range.letters), ` ${RIGHTS[rights(range.letters)] || ""}`]], ["Bits", bitWords(range)], ["First leaf", el("code", {}, `pa ${range.entry}`)]);
    let names = symbolsWithin(range.first, range.end);
    if (names.length === 0) names = symbolsWithin(range.frame, range.frame + range.bytes - 1n);
    if (names.length) facts.push(["Symbols", names.slice(0, 12).join(", ") + (names.length > 12 ? ", ..." : "")]);
    else if (range.symbol) facts.push(["Symbol", range.symbol]);
  }
  const sums = heatOf(range.first, range.end);
  if (sums) facts.push(["Accesses", heatWords(sums)]);
  show("details-body", el("dl", { class: "facts" }, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
    el("button", { type: "button", onclick: () => { byId("address-input").value = range.va; walkAddress(range.first); } }, "Walk its first address"));
}
