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
