// Charts are drawn over the tables beside them, from the numbers that stand in
// their cells: the table is the answer, the chart only another look at it.
"use strict";

// The SVG renderer writes styles as attributes, which the policy for contents of
// this site forbids; the same through the object model is allowed.
const setAttribute = Element.prototype.setAttribute;
SVGElement.prototype.setAttribute = function (name, value) {
  if (name === "style") this.style.cssText = value;
  else setAttribute.call(this, name, value);
};

function drawAll() {
  document.querySelectorAll("figure[data-chart]").forEach(draw);
}

function draw(figure) {
  const table = document.getElementById(figure.dataset.table);
  if (!table || figure.dataset.drawn) return;
  const rows = [...table.tBodies[0].rows].reverse(); // the table begins with the newest
  if (rows.length < 2) return;
  figure.dataset.drawn = "yes";
  figure.hidden = false;
  const space = document.createElement("div");
  space.className = "space";
  figure.append(space);
  const heads = [...table.tHead.rows[0].cells].slice(1).map((c) => c.textContent.trim());
  const vi = document.documentElement.lang === "vi";
  const chart = echarts.init(space, null, { renderer: "svg", locale: vi ? "VI" : "EN" });
  const colours = ["#8f1d1d", "#35688f", "#7a4b00"], dashes = ["solid", "dashed", "dotted"], symbols = ["circle", "rect", "triangle"];
  chart.setOption({
    animation: false,
    aria: { enabled: true, decal: { show: true }, label: { description: figure.querySelector("figcaption").textContent } },
    textStyle: { fontFamily: "Be Vietnam Pro, sans-serif" },
    color: colours,
    grid: { left: 8, right: 18, top: 40, bottom: 8, containLabel: true },
    legend: { top: 8, left: 8, itemWidth: 30, data: heads },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true },
    xAxis: { type: "category", boundaryGap: false, data: rows.map((r) => r.cells[0].dataset.label) },
    yAxis: { type: "value", minInterval: 1, splitNumber: 4 },
    series: heads.map((name, i) => ({
      name, type: "line", symbol: symbols[i], symbolSize: 6, lineStyle: { type: dashes[i], width: 2 },
      data: rows.map((r) => (r.cells[i + 1].dataset.value === undefined ? null : Number(r.cells[i + 1].dataset.value))),
    })),
  });
  new ResizeObserver(() => chart.resize()).observe(figure);
}

document.addEventListener("DOMContentLoaded", drawAll);
document.addEventListener("htmx:after:swap", drawAll);
