// ---- All of it. ----

const chooser = byId("space");
spaces.forEach((space, index) => chooser.append(el("option", { value: index }, spaceName(space.satp) + (space.map && space.map.present ? " (present)" : ""))));
chooser.addEventListener("change", () => chooseSpace(Number(chooser.value)));
drawHead();
drawTlb();
drawFigures();
chooseSpace(0);
document.documentElement.dataset.drawn = "yes";
