// ---- The heat map. ----

const METRICS = [["all", "Accesses"], ["fetch", "Fetches"], ["load", "Loads"], ["store", "Stores"], ["miss", "TLB misses"], ["fault", "Faults"]];
let metric = "all";

const valueOf = (cell) => {
  const at = { fetch: 1, load: 2, store: 3, miss: 4, fault: 5 }[metric];
  return at ? cell[at] : cell[1] + cell[2] + cell[3];
};

/** The step of the scale, 1 to 8, by the logarithm; 0 for nothing. */
function step(value, [least, most]) {
  if (value === 0) return 0;
  return least === most ? 8 : 1 + Math.round((7 * Math.log(value / least)) / Math.log(most / least));
}

function drawHeat() {
  const heat = data.heat.find((one) => one.satp && one.satp.value === map.satp.value);
  const others = data.heat.find((one) => one.satp === null);
  const note = others ? el("p", { class: "soft" }, `There were more address spaces than are kept apart; all others together had ${count(sum(others.cells.map((cell) => cell[1] + cell[2] + cell[3])))} accesses.`) : null;
  if (!heat || heat.cells.length === 0) {
    show("heat-body", el("p", {}, levelsOf(map.satp) ? "Nothing was accessed in this address space." : "Accesses that are not translated are not counted here."), note);
    return;
  }
  const size = 1n << BigInt(heat.bits);
  const used = heat.cells.map(valueOf).filter((value) => value > 0);
  const least = Math.min(...used);
  const most = Math.max(0, ...used);
  const range = [least, most];
  let groups = heatGroups(heat, size, (one, other) => one === other);
  // So many ranges that most have a square or two: what is near is one group.
  if (groups.length > CHUNK) groups = heatGroups(heat, size, () => true);
  const parts = [];
  for (let i = 0; i < groups.length; i += CHUNK) parts.push(groups.slice(i, i + CHUNK));
  const drawn = parts.length === 1 ? parts[0].map((group) => heatGroup(group, size, range)) :
    fold(parts, (part) => `${many(part.length, "group")} from ${hex(part[0].cells[0][0])}`, (part) => part.map((group) => heatGroup(group, size, range)));
  const values = Array.from({ length: 8 }, (_, i) => Math.round(least * (most / least) ** (i / 7)));
  const box = el("div", { id: "heat-groups" }, drawn);
  show("heat-body",
    el("div", { class: "bar-row" },
      choice("What is counted", "metric", METRICS, metric, (value) => {
        metric = value;
        drawHeat();
        byId("heat-body").querySelector(":checked").focus();
      }),
      el("span", { class: "scale" }, most === 0 ? "none" : [count(least), el("span", { class: "steps" }, most === least ? el("i", { class: "h8" }) : [1, 2, 3, 4, 5, 6, 7, 8].map((n) => el("i", { class: `h${n}`, title: `about ${count(values[n - 1])}` }))), most > least ? `${count(most)} (by the logarithm)` : ""])),
    el("p", { class: "soft" }, `Each square is ${size === PAGE ? "a page of 4 KiB" : `${bytes(size)}, since the pages are too many`}; a number between squares says how many had no access. ${harts > 1 ? "All harts together: " : ""}${heatWords(heat.cells.reduce((sums, cell) => sums.map((n, i) => n + cell[i + 1]), [0, 0, 0, 0, 0]))}.`),
    note, box, hottest(heat, size));
  rove(box, ".cell");
}

/** Squares that belong together: of one range, or near each other. */
function heatGroups(heat, size, together) {
  const groups = [];
  for (const cell of heat.cells) {
    const va = big(cell[0]);
    const place = itemOf(va);
    const last = groups[groups.length - 1];
    const near = last && va - last.end < 64n * size;
    if (last && together(last.place, place) && (near || (place >= 0 && last.place === place))) {
      last.cells.push([va, cell, place]);
      last.many = last.many || last.place !== place;
      last.end = va;
    } else {
      groups.push({ place, cells: [[va, cell, place]], end: va, many: false });
    }
  }
  return groups;
}

function heatGroup(group, size, range) {
  const item = group.many ? null : items[group.place];
  const cells = [];
  let next = null;
  for (const [va, cell, place] of group.cells) {
    if (next !== null && va > next) cells.push(el("span", { class: "cell-gap" }, `+${count((va - next) / size)}`));
    next = va + size;
    const square = el("div", { class: `cell h${step(valueOf(cell), range)}`, role: "img", "data-va": cell[0], onclick: () => items[place] && select(items[place], false) });
    const words = () => heatTip(va, cell, items[place]);
    square.setAttribute("aria-label", words());
    tipFor(square, words);
    cells.push(square);
  }
  const total = sum(group.cells.map(([, cell]) => valueOf(cell)));
  const name = group.many ? [el("code", {}, hex(group.cells[0][0])), " and on, several ranges"] : item
    ? [el("i", { class: `swatch ${rangeClass(item)}` }), el("code", {}, item.range.va), ` ${item.broken ? "broken" : item.range.letters} `, el("span", { class: "soft" }, item.range.symbol || "")]
    : [el("i", { class: "swatch gap-swatch" }), el("code", {}, hex(group.cells[0][0])), " not mapped now"];
  return el("div", { class: "heat-group" }, el("div", { class: "name" }, name, el("div", { class: "soft" }, `${many(group.cells.length, "square")}, ${count(total)}`)), el("div", { class: "cells" }, cells));
}

function heatTip(va, cell, item) {
  const lines = [`va ${hex(va)}`, heatWords(cell.slice(1))];
  const name = nameAt(va, item);
  if (name) lines.push(name);
  if (!item) lines.push("not mapped at this point");
  return lines.join("\n");
}

/** The symbol at a virtual address, or else at the physical address that it maps to. */
function nameAt(va, item) {
  const nearest = (at) => {
    const place = lastAtOrBelow(symbols, (symbol) => symbol.at, at);
    if (place < 0 || at - symbols[place].at > 0x100000n) return "";
    const offset = at - symbols[place].at;
    return symbols[place].name + (offset ? `+${hex(offset)}` : "");
  };
  return nearest(va) || (item && !item.broken ? nearest(item.range.frame + (va - item.range.first)) : "");
}

function hottest(heat, size) {
  const list = [...heat.cells].sort((a, b) => valueOf(b) - valueOf(a)).filter((cell) => valueOf(cell) > 0).slice(0, 40);
  if (list.length === 0) return null;
  const names = ["va", "fetches", "loads", "stores", "TLB misses", "faults", "symbol"];
  return el("details", { class: "chunk" }, el("summary", {}, `Table of the ${many(list.length, size === PAGE ? "page" : "square")} with most`),
    el("div", { class: "scroll" }, el("table", {}, el("thead", {}, el("tr", {}, names.map((name, i) => el("th", { class: i > 0 && i < 6 ? "n" : null }, name)))),
      el("tbody", {}, list.map((cell) => {
        const va = big(cell[0]);
        return el("tr", {}, el("td", { class: "mono" }, cell[0]), cell.slice(1).map((n) => el("td", { class: "n" }, count(n))), el("td", {}, nameAt(va, items[itemOf(va)])));
      })))));
}
