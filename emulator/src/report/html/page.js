// Draws the page from the JSON in it. Everything that the guest could have named is set as text,
// never as HTML. The scripts of this folder become one, in the order in which `mod.rs` names them.

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
    byId("left-out").textContent = `To keep this page small, it leaves out ${words.join(", ")}.${left.spaces + left.ranges + left.tables + left.tlb_entries ? " All of what pagewalk walk tells of these is in its --json." : ""}`;
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
