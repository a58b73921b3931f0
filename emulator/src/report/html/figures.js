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
