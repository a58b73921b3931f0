"use strict";
// Draws the page from the JSON in it. Everything that the guest could have named is set as text,
// never as HTML.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const walk = data.walk;
  const PAGE = 4096n;
  /** How many ranges or cells are drawn at once; the rest is folded. */
  const CHUNK = 100;

  // ---- Elements, numbers, words. ----

  const byId = (id) => document.getElementById(id);

  /** An element with attributes and children; text becomes text. */
  function el(name, attributes, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === undefined || value === null || value === false) continue;
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.flat(4).filter((child) => child !== null && child !== undefined && child !== false));
    return made;
  }

  function shape(name, attributes) {
    const made = document.createElementNS(byId("svg").namespaceURI, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  const show = (id, ...children) => byId(id).replaceChildren(...children.flat().filter(Boolean));
  const big = (text) => BigInt(text);
  const hex = (number) => "0x" + number.toString(16);
  const count = (number) => number.toLocaleString("en-US");
  const many = (number, one, more) => `${count(number)} ${number === 1 ? one : more || one + "s"}`;

  /** A number of bytes as people say it. */
  function bytes(size) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let unit = 0;
    let left = BigInt(size);
    while (left >= 1024n && left % 1024n === 0n && unit + 1 < units.length) {
      left /= 1024n;
      unit += 1;
    }
    let value = Number(left);
    let exact = true;
    while (value >= 10000 && unit + 1 < units.length) {
      value /= 1024;
      unit += 1;
      exact = false;
    }
    // What rounds to a whole of the next unit is said in that unit.
    if (!exact && value >= 1000 && unit + 1 < units.length) {
      value /= 1024;
      unit += 1;
    }
    return exact ? `${value} ${units[unit]}` : `about ${value.toFixed(1).replace(".0", "")} ${units[unit]}`;
  }

  /** A virtual address, 16 digits in two groups, its leading zeros dimmed. */
  function address(va) {
    const digits = va.toString(16).padStart(16, "0");
    const zeros = Math.min(digits.match(/^0*/)[0].length, 15);
    const split = (text, from) => [...text].map((c, i) => (i + from === 8 ? "_" + c : c)).join("");
    return [el("span", { class: "zeros" }, split(digits.slice(0, zeros), 0)), split(digits.slice(zeros), zeros)];
  }

  const symbols = data.symbols.map(([at, name]) => ({ at: big(at), name }));

  /** The last place of a sorted list whose key is not above a value; -1 if there is none. */
  function lastAtOrBelow(list, key, value) {
    let low = 0;
    let high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (key(list[middle]) <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Names that the guest has between two addresses. */
  function symbolsWithin(first, last) {
    const found = [];
    for (let i = lastAtOrBelow(symbols, (s) => s.at, first - 1n) + 1; i < symbols.length && symbols[i].at <= last; i += 1) {
      found.push(symbols[i].name);
      if (found.length > 12) break;
    }
    return found;
  }

  const RIGHTS = { r: "read only", rw: "read and write", rx: "read and execute", x: "execute only", rwx: "read, write and execute" };
  const rights = (letters) => letters.slice(0, 3).replaceAll("-", "");
  const isUser = (letters) => letters[3] === "u";

  function bitWords(range) {
    const words = [];
    words.push(isUser(range.letters) ? "user page" : "supervisor page");
    if (range.global) words.push("global");
    words.push(range.letters[5] === "A" ? "accessed" : "A clear");
    words.push(range.letters[6] === "D" ? "dirty" : "D clear");
    if (range.pbmt) words.push(`memory type ${range.pbmt}`);
    if (range.rsw) words.push(`RSW ${range.rsw}`);
    return words.join(", ");
  }

  // ---- What is hovered or has the focus says more. ----

  const tip = byId("tip");

  function tipFor(element, text) {
    const at = () => {
      tip.textContent = text();
      tip.hidden = false;
      const box = element.getBoundingClientRect();
      const own = tip.getBoundingClientRect();
      const left = Math.min(Math.max(8, box.left), window.innerWidth - own.width - 8);
      const below = box.bottom + 8 + own.height < window.innerHeight;
      tip.style.left = `${left}px`;
      tip.style.top = `${below ? box.bottom + 8 : Math.max(4, box.top - own.height - 8)}px`;
    };
    const away = () => { tip.hidden = true; };
    element.addEventListener("mouseenter", at);
    element.addEventListener("focus", at);
    element.addEventListener("mouseleave", away);
    element.addEventListener("blur", away);
  }

  /** One stop of the Tab key for many elements; arrow keys go from one to the next, Enter chooses. */
  function rove(container, selector) {
    const all = () => [...container.querySelectorAll(selector)];
    all().forEach((item, index) => item.setAttribute("tabindex", index === 0 ? "0" : "-1"));
    container.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const items = all();
      const here = items.indexOf(document.activeElement);
      if (event.key === "Enter" && here >= 0) items[here].dispatchEvent(new MouseEvent("click"));
      if (!step || here < 0) return;
      const next = items[here + step];
      if (next) {
        items[here].setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
      }
      event.preventDefault();
    });
  }

  /** A choice of one of several, as radio buttons in a row. */
  function choice(label, name, options, chosen, changed) {
    const inputs = options.map(([value, text]) =>
      el("label", {}, el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => changed(value) }), text));
    return el("div", { class: "switch", role: "radiogroup", "aria-label": label }, inputs);
  }

  // ---- The state of the hart. ----

  const LEVELS = { bare: 0, Sv39: 3, Sv48: 4, Sv57: 5 };
  const levelsOf = (satp) => LEVELS[satp.mode] || 0;
  const spaceName = (satp) =>
    satp.root === null ? "bare: no translation" : `${satp.mode}, ASID ${satp.asid}, root ${satp.root}${satp.root_symbol ? ` <${satp.root_symbol}>` : ""}`;
  const placeName = (place) => `${place.address}${place.symbol ? ` <${place.symbol}>` : ""}`;
  const PRIVILEGE = { U: "user mode", S: "supervisor mode", M: "machine mode" };

  function field(name, bits, value, extra, on) {
    return el("div", { class: on ? "on" : null }, el("div", { class: "name" }, el("span", {}, name), el("span", {}, bits)),
      el("div", { class: "value" }, value), extra ? el("div", { class: "bits" }, extra) : null);
  }

  function drawHead() {
    const o = walk.overview;
    const file = walk.guest.split("/").pop();
    const facts = [
      ["Stopped", o.stopped],
      ["Next instruction", [el("code", {}, placeName(o.pc)), o.pc.line ? ` ${o.pc.line}` : ""]],
      ["Hart", `${o.hart}, ${PRIVILEGE[o.privilege] || o.privilege}, ${many(o.instructions, "instruction")} retired`],
    ];
    if (o.trap) {
      const t = o.trap;
      facts.push(["Last trap", [`${t.cause}, from ${t.from_privilege} to ${t.to_privilege}, at `, el("code", {}, placeName(t.from)), `, ${t.register} `, el("code", {}, t.value)]]);
    }
    const flag = (name, set) => `${name} ${set ? "set" : "clear"}`;
    facts.push(["mstatus", [flag("SUM", o.sum), flag("MXR", o.mxr), flag("MPRV", o.mprv)].join(", ")]);
    facts.push(["A and D bits", o.ad === "hardware" ? "set by the hardware" : "set by software: the hardware faults"]);
    for (const [name, value] of data.machine) {
      facts.push([name, value.length < 60 ? value : el("details", {}, el("summary", {}, `${value.slice(0, 40)}...`), value)]);
    }
    const s = o.satp;
    show("head",
      el("h1", { title: walk.guest }, file),
      el("p", { class: "soft" }, `${walk.guest}. Its memory-management unit, as Pagewalk shows it.`),
      el("div", { class: "head-columns" },
        el("dl", { class: "facts" }, facts.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
        el("div", {},
          el("div", { class: "soft" }, "satp ", el("code", {}, s.value)),
          el("div", { class: "fields" },
            field("MODE", "63-60", s.mode),
            field("ASID", "59-44", String(s.asid)),
            field("PPN of the root table", "43-0", s.ppn)),
          el("p", {}, s.root === null
            ? "No translation: a virtual address is the physical one. Machine mode never translates."
            : ["The root table is at ", el("code", {}, s.root), s.root_symbol ? ` (${s.root_symbol})` : "", `; a walk reads up to ${many(levelsOf(s), "entry", "entries")}.`,
              o.privilege === "M" ? " Machine mode itself does not translate." : ""]))));
    const left = data.left_out;
    const words = [
      [left.spaces, "address space"], [left.ranges, "range"], [left.tables, "table"], [left.tlb_entries, "TLB entry", "TLB entries"],
      [left.heat_spaces, "heat map of an address space", "heat maps of address spaces"], [left.symbols, "symbol"],
    ].filter(([n]) => n > 0).map(([n, one, more]) => many(n, one, more));
    if (words.length) {
      byId("left-out").hidden = false;
      byId("left-out").textContent = `To keep this page small, it leaves out ${words.join(", ")}. pagewalk walk --json has them.`;
    }
  }

  const harts = Number((data.machine.find(([name]) => name === "Harts") || ["", "1"])[1]);
  const ofHart = harts > 1 ? [el("p", { class: "soft" }, `Of hart ${walk.overview.hart}; there are ${harts}.`)] : [];

  // ---- The chosen address space. ----

  let map = null;
  let tree = null;
  let ranges = [];
  let items = [];
  let tablesAt = new Map();
  let selected = -1;
  let mapForm = "drawing";

  /** The heat maps come after the maps in the list if they have none of their own. */
  const spaces = walk.maps.map((one) => ({ satp: one.satp, map: one }));
  for (const one of data.heat) {
    if (one.satp && !spaces.some((space) => space.satp.value === one.satp.value)) spaces.push({ satp: one.satp, map: null });
  }
  if (spaces.length === 0) spaces.push({ satp: walk.overview.satp, map: null });

  function prepareRange(range) {
    range.first = big(range.va);
    range.end = big(range.last);
    range.bytes = range.end - range.first + 1n;
    range.frame = range.pa ? big(range.pa) : 0n;
    return range;
  }

  function chooseSpace(index) {
    const space = spaces[index];
    map = space.map || { satp: space.satp, ranges: [], broken: [], present: false, missing: true, tables: 0, leaves: 0, cut_at: null };
    tree = walk.trees.find((one) => one.satp.value === map.satp.value) || null;
    ranges = map.ranges.map((range) => prepareRange(range));
    items = ranges.map((range, index) => ({ range, index }))
      .concat(map.broken.map((range) => ({ range: prepareRange(range), broken: true })));
    items.sort((a, b) => (a.range.first < b.range.first ? -1 : a.range.first > b.range.first ? 1 : 0));
    tablesAt = new Map();
    if (tree && tree.root) indexTable(tree.root);
    selected = -1;
    drawMap();
    drawDetails();
    drawTree();
    drawHeat();
    show("address-body", el("p", { class: "soft" }, levelsOf(map.satp)
      ? "Type an address in hexadecimal, or a symbol, and see each table that the hardware reads."
      : "Without translation every address is its own physical address."));
  }

  function indexTable(table) {
    const key = table.at;
    if (!tablesAt.has(key)) tablesAt.set(key, table);
    for (const run of table.entries) if (run.kind === "table") indexTable(run.table);
  }

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

  // ---- The walk of an address, from the tables in the page. ----

  /** The address that a text names: a number, a symbol, or a symbol and an offset. */
  function parseAddress(text) {
    const trimmed = text.trim().replaceAll("_", "");
    if (/^(0x)?[0-9a-f]{1,16}$/i.test(trimmed) && !symbols.some((symbol) => symbol.name === text.trim())) {
      return BigInt(trimmed.startsWith("0x") || trimmed.startsWith("0X") ? trimmed : "0x" + trimmed);
    }
    const [name, offset] = text.trim().split("+");
    const symbol = symbols.find((one) => one.name === name.trim());
    if (!symbol) return null;
    return (symbol.at + (offset ? BigInt(Number.parseInt(offset)) : 0n)) & TOP;
  }

  const bitsOf = (value, width) => value.toString(2).padStart(width, "0");

  /** The entry at an index, as far as the page tells it. */
  function entryAt(table, index) {
    const run = table.entries.find((one) => one.first <= index && index <= one.last);
    if (!run) return null;
    const offset = BigInt(index - run.first);
    const pte = big(run.pte);
    if (offset === 0n) return { run, pte, exact: true };
    if (run.kind === "leaves") {
      const frame = big(run.pa) + (offset << BigInt(12 + 9 * table.level));
      const napot = (pte >> 63n) & 1n;
      const ppn = napot ? ((frame >> 12n) & ~15n) | 8n : frame >> 12n;
      return { run, pte: (pte & ~(((1n << 44n) - 1n) << 10n)) | (ppn << 10n), exact: true };
    }
    return { run, pte, exact: false };
  }

  /** What an entry of a table that is used at another level than its own is there. */
  function classify(pte, level, table, entry) {
    if (table.level === level && entry.run.kind === "broken") {
      return { fault: entry.run.text, denied: entry.run.reason.startsWith("entry-") };
    }
    const has = (bit) => (pte >> BigInt(bit)) & 1n;
    if (!has(0)) return { fault: "the entry is not valid (V is clear)" };
    if (has(2) && !has(1)) return { fault: "W is set and R is clear, which is reserved" };
    if (!has(1) && !has(3)) {
      if (level === 0) return { fault: "the entry of the last level points to yet another table" };
      return { pointer: ((pte >> 10n) & ((1n << 44n) - 1n)) << 12n };
    }
    const napot = has(63) === 1n && level === 0;
    const size = napot ? 1n << 16n : 1n << BigInt(12 + 9 * level);
    const frame = ((pte >> 10n) & ((1n << 44n) - 1n)) << 12n;
    if (!napot && frame % size !== 0n) return { fault: `the frame of a superpage of ${bytes(size)} is not aligned to its size` };
    return { frame: frame & ~(size - 1n), size, napot };
  }

  /** Whether a kind of access is allowed by a leaf, in words. */
  function allowed(pte, kind, privilege) {
    const o = walk.overview;
    const has = (bit) => ((pte >> BigInt(bit)) & 1n) === 1n;
    if (privilege === "U" && !has(4)) return [false, "not a user page"];
    if (privilege === "S" && has(4)) {
      if (kind === "fetch") return [false, "user page: never executed by S"];
      if (!o.sum) return [false, "user page, SUM clear"];
    }
    if (kind === "fetch" && !has(3)) return [false, "X clear"];
    if (kind === "load" && !has(1) && !(o.mxr && has(3))) return [false, "R clear"];
    if (kind === "store" && !has(2)) return [false, "W clear"];
    const missing = [!has(6) ? "A" : "", kind === "store" && !has(7) ? "D" : ""].filter(Boolean).join(" and ");
    if (!missing) return [true, "allowed"];
    return o.ad === "hardware" ? [true, `allowed, sets ${missing}`] : [false, `${missing} clear, for software to set`];
  }

  function walkAddress(va) {
    const levels = levelsOf(map.satp);
    const body = [];
    if (levels === 0) {
      show("address-body", el("p", {}, "No translation: the physical address is ", el("code", {}, hex(va)), "."));
      return;
    }
    const cut = [];
    for (let level = levels - 1; level >= 0; level -= 1) {
      const index = (va >> BigInt(12 + 9 * level)) & 511n;
      cut.push(field(`VPN[${level}]`, "", String(index), bitsOf(index, 9)));
    }
    cut.push(field("offset", "", hex(va & 4095n), bitsOf(va & 4095n, 12)));
    body.push(el("p", {}, el("code", {}, address(va))), el("div", { class: "scroll" }, el("div", { class: "fields" }, cut)));
    const steps = [];
    const step = (kind, ...content) => steps.push(el("li", { class: kind }, content.map((line) => el("div", {}, line))));
    const fault = (...content) => step("fault", [el("span", { class: "bad" }, "Page fault: "), ...content]);
    const width = 12 + 9 * levels;
    const canonical = BigInt.asUintN(64, BigInt.asIntN(width, va)) === va;
    let at = big(map.satp.root);
    let level = levels - 1;
    let leaf = null;
    if (!canonical) fault(`bits 63 to ${width} do not repeat bit ${width - 1}. No table is read.`);
    while (canonical && level >= 0) {
      const index = Number((va >> BigInt(12 + 9 * level)) & 511n);
      const table = tablesAt.get(hex(at));
      const where = [`Level ${level}: table at pa `, el("code", {}, hex(at)), `, entry ${index} at pa `, el("code", {}, hex(at + BigInt(index * 8)))];
      if (!table) {
        step("fault", where, "This table is not in the page: the walk ends here. It may be outside memory, or left out; pagewalk walk --va tells.");
        break;
      }
      const entry = entryAt(table, index);
      if (!entry) {
        step("fault", where, "This entry is not in the page.");
        break;
      }
      const value = entry.exact || entry.run.kind === "again" || entry.run.kind === "loop"
        ? [el("code", {}, `= ${hex(entry.pte)} `), pteBits(entry.pte)]
        : `one of entries ${entry.run.first} to ${entry.run.last}, of which the page has only the first: ${entry.run.pte}`;
      const what = classify(entry.pte, level, table, entry);
      if (what.fault) {
        step("fault", where, what.denied ? "" : value, [el("span", { class: "bad" }, what.denied ? "Access fault: " : "Page fault: "), `${what.fault}.`]);
        break;
      }
      if (what.pointer !== undefined) {
        step("", where, value, "V set, R, W and X clear: a pointer to the next table.");
        at = what.pointer;
        level -= 1;
        continue;
      }
      leaf = { pte: entry.pte, size: what.size, pa: what.frame | (va & (what.size - 1n)) };
      step("", where, value, `R or X set: a leaf, ${what.napot ? "part of a 64 KiB NAPOT range" : `a page of ${bytes(what.size)}`}, frame at pa ${hex(what.frame)}.`);
      break;
    }
    if (leaf) {
      const kinds = ["fetch", "load", "store"];
      step("done", [el("strong", {}, "pa "), el("strong", { class: "mono", id: "address-result" }, hex(leaf.pa)),
        ` = frame + offset ${hex(va & (leaf.size - 1n))}`],
      el("table", {}, el("thead", {}, el("tr", {}, el("th", {}, ""), kinds.map((kind) => el("th", {}, kind)))),
        el("tbody", {}, ["U", "S"].map((privilege) => el("tr", {}, el("th", {}, PRIVILEGE[privilege]), kinds.map((kind) => {
          const [yes, why] = allowed(leaf.pte, kind, privilege);
          return el("td", { class: yes ? "good" : "bad", style: "white-space:normal;font-weight:400" }, why);
        }))))));
    }
    const held = (walk.tlb ? walk.tlb.arrays : []).flatMap((array) => array.entries
      .filter((one) => one.mode === map.satp.mode && (one.global || one.asid === map.satp.asid) && big(one.va) <= va && va < big(one.va) + BigInt(one.page_size))
      .map((one) => `${array.name}: pa ${one.pa}, ${one.letters}${one.agreement === "stale" ? ", STALE" : ""}`));
    body.push(el("ol", { class: "steps" }, steps),
      el("p", { class: "soft" }, held.length ? `The TLB has it. ${held.join("; ")}.` : "The TLB does not have it."));
    show("address-body", body);
    const place = itemOf(va);
    if (place >= 0 && place !== selected) select(items[place], true);
  }

  byId("address-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = byId("address-input").value;
    const va = parseAddress(text);
    if (va === null) show("address-body", el("p", { class: "bad" }, `"${text}" is neither an address in hexadecimal nor a symbol in this page.`));
    else walkAddress(va);
  });

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

  // ---- Figures. ----

  const sum = (list) => list.reduce((total, one) => total + one, 0);

  function meter(parts, whole) {
    return el("span", { class: "meter", "aria-hidden": "true" }, parts.filter(([n]) => n > 0)
      .map(([n, name]) => el("i", { class: name, style: `width:${whole ? Math.max(1.2, (100 * n) / whole) : 0}%` })));
  }

  function chart(title, list) {
    if (list.length === 0) return null;
    const most = Math.max(...list.map(([, n]) => n));
    return el("div", {}, el("h3", {}, title), el("table", {}, el("tbody", {}, list.map(([name, n, kind]) =>
      el("tr", {}, el("td", {}, name), el("td", {}, meter([[n, kind || "plain"]], most)), el("td", { class: "n" }, count(n)))))));
  }

  /** Adds up lists of names and numbers. */
  function merged(lists) {
    const sums = new Map();
    for (const [name, n] of lists.flat()) sums.set(name, (sums.get(name) || 0) + n);
    return [...sums];
  }

  function drawFigures() {
    const { rows: list, fences, satp_writes: satpWrites } = data.statistics;
    const translated = (row) => row.first_hits + row.first_misses;
    const used = list.filter((row) => translated(row) > 0);
    const untranslated = sum(list.map((row) => row.untranslated));
    if (used.length === 0) {
      show("figures-body", el("p", {}, `No access was translated. ${many(untranslated, "access", "accesses")} went by without translation.`));
      return;
    }
    const second = data.shapes.some((one) => one.name === "L2 TLB");
    const most = Math.max(...used.map(translated));
    const faults = (row) => sum(row.faults.map(([, n]) => n));
    const percent = (n, whole) => (whole === 0 ? "" : `${((100 * n) / whole).toFixed(n === whole ? 0 : 2)} %`);
    const cells = (name, row, biggest) => {
      const all = translated(row);
      const missed = row.first_misses - row.second_hits;
      return el("tr", {}, el("td", {}, name),
        el("td", {}, meter([[all, "plain"]], biggest)), el("td", { class: "n" }, count(all)),
        el("td", {}, meter([[row.first_hits, "hit"], [row.second_hits, "hit2"], [missed, "miss"]], all)),
        el("td", { class: "n" }, count(row.first_hits)), second ? el("td", { class: "n" }, count(row.second_hits)) : null,
        el("td", { class: "n" }, count(missed)), el("td", { class: "n" }, percent(missed, all)),
        el("td", { class: "n" }, count(row.walks)), el("td", { class: "n" }, row.walks ? (row.entries_read / row.walks).toFixed(2) : ""),
        el("td", { class: "n" }, count(row.updates)), el("td", { class: "n" }, faults(row) ? el("span", { class: "bad" }, count(faults(row))) : "0"));
    };
    const total = { faults: merged(used.map((row) => row.faults)) };
    for (const key of ["first_hits", "first_misses", "second_hits", "walks", "entries_read", "updates"]) total[key] = sum(used.map((row) => row[key]));
    const heads = [["access", ""], ["", ""], ["accesses", "n"], ["", ""], ["hits", "n"], ...(second ? [["L2 hits", "n"]] : []), ["misses", "n"], ["miss rate", "n"], ["walks", "n"], ["entries a walk", "n"], ["A/D set", "n"], ["faults", "n"]];
    const lengths = [0, 1, 2, 3, 4, 5].map((n) => [many(n, "entry", "entries"), sum(list.map((row) => row.walk_lengths[n]))]).filter(([, n]) => n > 0);
    const swatch = (name, text) => el("span", {}, el("i", { class: `swatch ${name}`, style: "border:0" }), text);
    show("figures-body", ofHart,
      el("div", { class: "legend" }, swatch("hit", "hits of the TLB"), second ? swatch("hit2", "hits of its second level") : null, swatch("miss", "misses"),
        el("span", {}, `Besides, ${many(untranslated, "access", "accesses")} needed no translation; satp was written ${many(satpWrites, "time")}.`)),
      el("div", { class: "scroll" }, el("table", {},
        el("thead", {}, el("tr", {}, heads.map(([name, kind]) => el("th", { class: kind || null }, name)))),
        el("tbody", {}, used.map((row) => cells(`${row.privilege}: ${row.kind}`, row, most)), used.length > 1 ? cells("all", total, 0) : null))),
      el("div", { class: "charts" },
        chart("Walks by the entries they read", lengths),
        chart("Walks by the page they found", merged(list.map((row) => row.leaves))),
        chart("Faults by reason", merged(list.map((row) => row.faults)).map(([name, n]) => [name, n, "failed"])),
        chart("Fences", fences)));
  }

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

  // ---- All of it. ----

  const chooser = byId("space");
  spaces.forEach((space, index) => chooser.append(el("option", { value: index }, spaceName(space.satp) + (space.map && space.map.present ? " (present)" : ""))));
  chooser.addEventListener("change", () => chooseSpace(Number(chooser.value)));
  drawHead();
  drawTlb();
  drawFigures();
  chooseSpace(0);
  document.documentElement.dataset.drawn = "yes";
})();
