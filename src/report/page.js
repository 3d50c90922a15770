"use strict";
/* The page can be read without this: it sorts and filters tables, and reads values off the charts. */
for (const section of document.querySelectorAll("section[data-table]")) {
  const body = section.querySelector("tbody");
  const rows = body ? Array.from(body.rows) : [];
  const search = section.querySelector("input");
  const choice = section.querySelector("select");
  const count = section.querySelector(".count");
  const empty = section.querySelector(".empty");
  const tools = section.querySelector(".tools");
  if (tools) tools.hidden = false;

  const filter = () => {
    const words = search ? search.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
    const kind = choice ? choice.value : "";
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      const fits = words.every((word) => text.includes(word)) &&
        (!kind || row.dataset.kind === kind || (row.dataset.kinds || "").split(" ").includes(kind));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    if (count) count.textContent = shown === rows.length ? count.dataset.all : `${shown.toLocaleString("en")} of ${count.dataset.all}`;
    if (empty) empty.hidden = shown > 0;
  };
  if (search) search.addEventListener("input", filter);
  if (choice) choice.addEventListener("change", filter);

  for (const button of section.querySelectorAll("th button")) {
    const head = button.parentElement;
    const column = head.cellIndex;
    const key = (row) => {
      const cell = row.cells[column];
      return cell.dataset.value !== undefined ? Number(cell.dataset.value) : cell.textContent.trim();
    };
    button.addEventListener("click", () => {
      const first = head.classList.contains("n") ? "descending" : "ascending";
      const now = head.getAttribute("aria-sort");
      const next = now === null ? first : now === "ascending" ? "descending" : "ascending";
      for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      const order = (a, b) => typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
      rows.sort((a, b) => sign * order(key(a), key(b)));
      body.append(...rows);
    });
  }
}

for (const chart of document.querySelectorAll(".chart")) {
  const plot = chart.querySelector("svg");
  const cursor = plot.querySelector(".cursor");
  const readout = chart.querySelector(".readout");
  const steps = plot.dataset.steps.split("|");
  const resting = readout.textContent;
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 0.9999);
    const step = Math.floor(share * steps.length);
    cursor.setAttribute("x1", String((step + 0.5) / steps.length * 1000));
    cursor.setAttribute("x2", String((step + 0.5) / steps.length * 1000));
    cursor.style.visibility = "visible";
    readout.textContent = steps[step];
  });
  plot.addEventListener("pointerleave", () => {
    cursor.style.visibility = "hidden";
    readout.textContent = resting;
  });
}
